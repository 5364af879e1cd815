// Records that hang on another: `api.resource("posts.comments", 1)`.

import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";

import { refused, signedIn } from "./client.js";

let api;
let post;

before(async () => {
  api = await signedIn();
});

beforeEach(async () => {
  const { data } = await api.resource("posts").create({ values: { title: "x", category: { title: "its category" } } });
  post = data.data;
});

const tagged = async () => {
  const { data } = await api.resource("posts.tags", post.id).list({ sort: "id", fields: "id" });
  return data.data.map(({ id }) => id);
};

test("create makes a record that hangs on the other", async () => {
  const { data } = await api.resource("posts.comments", post.id).create({ values: { content: "Well said" } });

  assert.deepEqual(["Well said", post.id], [data.data.content, data.data.postId]);
});

test("list finds those that hang on it, and no others", async () => {
  const comments = api.resource("posts.comments", post.id);
  await comments.create({ values: [{ content: "a" }, { content: "b" }] });
  const { data } = await comments.list({ filter: { content: { $ne: "a" } }, fields: ["content"] });

  assert.deepEqual([{ content: "b" }], data.data);
  assert.equal(1, data.meta.count);
});

test("get, update and destroy reach one of them by its key", async () => {
  const comments = api.resource("posts.comments", post.id);
  const { data } = await comments.create({ values: { content: "a" } });
  const filterByTk = data.data.id;
  await comments.update({ filterByTk, values: { content: "b" } });
  const found = await comments.get({ filterByTk });
  const gone = await comments.destroy({ filterByTk });

  assert.deepEqual(["b", 1], [found.data.data.content, gone.data.data]);
});

test("what hangs on another record is not found here", async () => {
  const { data } = await api.resource("posts.comments", post.id).create({ values: { content: "a" } });
  const { status } = await refused(api, api.resource("posts.comments", 2).get({ filterByTk: data.data.id }));

  assert.equal(404, status);
});

test("get of a relation to one needs no key", async () => {
  const { data } = await api.resource("posts.category", post.id).get();

  assert.equal("its category", data.data.title);
});

test("add links more, and answers the keys that are linked then", async () => {
  await api.resource("posts.tags", post.id).add({ values: [1] });
  const { data } = await api.resource("posts.tags", post.id).add({ values: [2] });

  assert.deepEqual([1, 2], data.data.sort());
  assert.deepEqual([1, 2], await tagged());
});

test("add may name the key as filterByTk", async () => {
  await api.resource("posts.tags", post.id).add({ filterByTk: 2 });

  assert.deepEqual([2], await tagged());
});

test("set links these and no others", async () => {
  await api.resource("posts.tags", post.id).set({ values: [1] });
  await api.resource("posts.tags", post.id).set({ values: [2] });

  assert.deepEqual([2], await tagged());
});

test("set of an empty list unlinks all", async () => {
  await api.resource("posts.tags", post.id).set({ values: [1, 2] });
  await api.resource("posts.tags", post.id).set({ values: [] });

  assert.deepEqual([], await tagged());
});

test("remove unlinks, and the record stays", async () => {
  await api.resource("posts.tags", post.id).set({ values: [1, 2] });
  await api.resource("posts.tags", post.id).remove({ values: [1] });
  const { status } = await api.resource("tags").get({ filterByTk: 1 });

  assert.deepEqual([2], await tagged());
  assert.equal(200, status);
});

test("toggle links what is not, and unlinks what is", async () => {
  await api.resource("posts.tags", post.id).set({ values: [1] });
  await api.resource("posts.tags", post.id).toggle({ values: [1] });
  await api.resource("posts.tags", post.id).toggle({ values: [2] });

  assert.deepEqual([2], await tagged());
});

test("a record that is not there has nothing that hangs on it", async () => {
  const { status, code } = await refused(api, api.resource("posts.tags", 999999).list());

  assert.deepEqual([404, "NOT_FOUND"], [status, code]);
});
