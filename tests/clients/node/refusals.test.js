// What the SDK's users see of a refusal: a status, and errors that `toErrMessages` finds.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { refused, signedIn } from "./client.js";

let api;
let posts;

before(async () => {
  api = await signedIn();
  posts = api.resource("posts");
});

test("everything wrong with the values is told together", async () => {
  const answer = await refused(api, posts.create({ values: { titel: "x", readCount: "many" } }));

  assert.equal(400, answer.status);
  assert.equal("'titel' is not a field of 'posts'. Did you mean 'title'?", answer.message);
  assert.deepEqual(
    ["UNKNOWN_FIELD", "BAD_VALUE", "REQUIRED"],
    [answer.code, ...answer.others.map(({ code }) => code)],
  );
  assert.deepEqual(["titel"], answer.path);
});

const cases = [
  ["an unknown collection", () => api.resource("postz").list(), 404, "NOT_FOUND"],
  ["an unknown action", () => posts.__init__(), 404, "NOT_FOUND"],
  ["a record that is not there", () => posts.get({ filterByTk: 999999 }), 404, "NOT_FOUND"],
  ["a key of another type", () => posts.get({ filterByTk: "abc" }), 400, "BAD_KEY"],
  ["an unknown parameter", () => posts.list({ pagesize: 5 }), 400, "UNKNOWN_PARAMETER"],
  ["an unknown operator", () => posts.list({ filter: { title: { $like: "x" } } }), 400, "BAD_FILTER"],
  ["a page that is none", () => posts.list({ page: 0 }), 400, "BAD_PAGE"],
  ["update of everything", () => posts.update({ values: { title: "x" } }), 400, "FILTER_REQUIRED"],
  ["destroy of everything", () => posts.destroy(), 400, "FILTER_REQUIRED"],
  ["destroy by an empty filter", () => posts.destroy({ filter: {} }), 400, "FILTER_REQUIRED"],
  ["a category that another post has", () => posts.create({ values: { title: "x", category: 1 } }), 409, "UNIQUE_VIOLATION"],
  [
    "a workflow that is not there",
    () => posts.create({ values: { title: "x" }, triggerWorkflows: "post-craeted" }),
    400,
    "TRIGGER_UNKNOWN",
  ],
  ["workflows behind a read", () => posts.list({ triggerWorkflows: "post-created" }), 400, "TRIGGER_ACTION"],
  ["a sign-up, which there is not", () => api.auth.signUp({ username: "x", password: "y" }), 404, "NOT_FOUND"],
];

for (const [what, call, status, code] of cases) {
  test(`${what} is ${status} ${code}`, async () => {
    const answer = await refused(api, call());

    assert.deepEqual([status, code], [answer.status, answer.code]);
    assert.ok(answer.message);
  });
}
