// Writes that fire workflows: `triggerWorkflows` beside the values.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { refused, signedIn, until } from "./client.js";

let api;
let posts;

before(async () => {
  api = await signedIn();
  posts = api.resource("posts");
});

const named = ({ key, association }) => (association ? `${key}!${association}` : key);

test("a write names the workflow to run, and answers what it started", async () => {
  const { data } = await posts.create({ values: { title: "Hello" }, triggerWorkflows: "post-created" });

  assert.deepEqual(["post-created", "post-audit"], data.meta.workflows.map(named));
  assert.deepEqual("queued", data.meta.workflows[0].status);
});

test("a path hands over the related record", async () => {
  const title = `category ${Date.now()}`;
  const { data } = await posts.create({
    values: { title: "Hello", category: { title } },
    triggerWorkflows: "category-created!category",
  });
  const { executionId } = data.meta.workflows.find(({ key }) => key === "category-created");
  const execution = await until(async () => {
    const found = await api.resource("executions").get({ filterByTk: executionId, appends: ["jobs"] });
    return found.data.data.finishedAt && found.data.data;
  });

  assert.deepEqual(["succeeded", "categories", title], [
    execution.status,
    execution.collection,
    execution.context.data.title,
  ]);
  assert.deepEqual(["note"], execution.jobs.map(({ nodeKey }) => nodeKey));
});

test("several are named with commas between them", async () => {
  const { data } = await posts.create({
    values: { title: "Hello", category: { title: "x" } },
    triggerWorkflows: "post-created,category-created!category",
  });

  assert.deepEqual(["post-created", "category-created!category"], data.meta.workflows.slice(0, 2).map(named));
});

test("update, destroy and records of relations fire as well", async () => {
  const { data } = await posts.create({ values: { title: "x" } });
  const filterByTk = data.data.id;
  const call = { filterByTk, triggerWorkflows: "post-created" };
  const updated = await posts.update({ ...call, values: { title: "y" } });
  const related = await api.resource("posts.category", filterByTk).create({
    values: { title: "z" },
    triggerWorkflows: "category-created",
  });
  const destroyed = await posts.destroy(call);

  for (const answer of [updated, destroyed]) assert.equal("post-created", answer.data.meta.workflows[0].key);
  assert.equal("category-created", related.data.meta.workflows[0].key);
});

test("a dry run answers what would run, and stores nothing", async () => {
  const before = await posts.count();
  const { data } = await posts.create({ values: { title: "x" }, triggerWorkflows: "post-created", dryRun: true });
  const after = await posts.count();

  assert.equal("planned", data.meta.workflows[0].status);
  assert.equal(before.data.data, after.data.data);
});

test("workflows are made, changed and run with the SDK too", async () => {
  const workflows = api.resource("workflows");
  const { data } = await workflows.create({
    values: {
      title: "Answer",
      type: "action",
      sync: true,
      enabled: true,
      config: { collection: "posts" },
      nodes: [{ key: "say", type: "response_message", config: { message: "Thanks for {{$context.data.title}}" } }],
    },
  });
  const { id, key } = data.data;
  const answer = await posts.create({ values: { title: "this" }, triggerWorkflows: key });
  await workflows.update({ filterByTk: id, values: { enabled: false } });
  const later = await refused(api, posts.create({ values: { title: "this" }, triggerWorkflows: key }));

  assert.deepEqual([{ message: "Thanks for this" }], answer.data.messages);
  assert.equal("TRIGGER_DISABLED", later.code);
});

test("a relation that many share cannot be crossed, and nothing is written", async () => {
  const title = `refused ${Date.now()}`;
  const { status, code, details } = await refused(
    api,
    posts.create({ values: { title }, triggerWorkflows: "post-created!author" }),
  );
  const { data } = await posts.count({ filter: { title } });

  assert.deepEqual([400, "TRIGGER_MANY_TO_ONE", "author"], [status, code, details.relation]);
  assert.equal(0, data.data);
});

test("a list, which NocoBase does not know either, is a syntax error", async () => {
  const { status, code } = await refused(
    api,
    posts.create({ values: { title: "x" }, triggerWorkflows: ["post-created"] }),
  );

  assert.deepEqual([400, "TRIGGER_SYNTAX"], [status, code]);
});
