// Reading and writing records: every action that the SDK's manual shows, as it shows it.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { refused, signedIn } from "./client.js";

let api;
let posts;

before(async () => {
  api = await signedIn();
  posts = api.resource("posts");
});

async function created(...titles) {
  const { data } = await posts.create({ values: titles.map((title) => ({ title })) });
  return data.data.map(({ id }) => id);
}

test("create answers the record as it is stored", async () => {
  const { status, data } = await posts.create({ values: { title: "Hello, world!", content: "A test." } });

  assert.equal(200, status);
  assert.deepEqual(["Hello, world!", "A test.", "draft"], [data.data.title, data.data.content, data.data.status]);
  assert.ok(data.data.id);
});

test("create stores what hangs on the record with it", async () => {
  const values = { title: "x", category: { title: "Test category" }, tags: [{ name: "new" }, 1] };
  const { data } = await posts.create({ values, appends: ["category", "tags"] });

  assert.equal("Test category", data.data.category.title);
  assert.deepEqual(["new", "news"], data.data.tags.map(({ name }) => name).sort());
});

test("create of a list creates all of it", async () => {
  const { data } = await posts.create({ values: [{ title: "one" }, { title: "two" }] });

  assert.deepEqual(["one", "two"], data.data.map(({ title }) => title));
});

test("create takes the values of the whitelist alone", async () => {
  const { data } = await posts.create({ values: { title: "x", status: "published" }, whitelist: ["title"] });

  assert.deepEqual(["x", "draft"], [data.data.title, data.data.status]);
});

test("create leaves the values of the blacklist out", async () => {
  const { data } = await posts.create({ values: { title: "x", status: "published" }, blacklist: ["status"] });

  assert.deepEqual(["x", "draft"], [data.data.title, data.data.status]);
});

test("get finds one by its key", async () => {
  const [filterByTk] = await created("to be found");
  const { data } = await posts.get({ filterByTk });

  assert.deepEqual([filterByTk, "to be found"], [data.data.id, data.data.title]);
});

test("get answers the fields that were asked for", async () => {
  const [filterByTk] = await created("x");
  const { data } = await posts.get({ filterByTk, fields: ["id", "title"] });

  assert.deepEqual({ id: filterByTk, title: "x" }, data.data);
});

test("get leaves out what is excepted", async () => {
  const [filterByTk] = await created("x");
  const { data } = await posts.get({ filterByTk, except: ["content", "createdAt"] });

  assert.ok(!("content" in data.data) && !("createdAt" in data.data));
  assert.equal("x", data.data.title);
});

test("get appends what hangs on the record, and what hangs on that", async () => {
  const { data } = await posts.get({ filterByTk: 1, appends: ["category", "category.banner", "tags", "author"] });

  assert.equal("/banners/bang.png", data.data.category.banner.url);
  assert.equal(2, data.data.tags.length);
  assert.equal("root", data.data.author.username);
});

test("list answers a page, and how many there are", async () => {
  const status = `page ${Date.now()}`;
  await posts.create({ values: ["a", "b", "c"].map((title) => ({ title, status })) });
  const { data } = await posts.list({ filter: { status }, sort: ["-title"], page: 2, pageSize: 2 });

  assert.deepEqual(["a"], data.data.map(({ title }) => title));
  assert.deepEqual({ count: 3, page: 2, pageSize: 2, totalPage: 2 }, data.meta);
});

test("list without parameters answers the first twenty", async () => {
  const { data } = await posts.list();

  assert.deepEqual([1, 20], [data.meta.page, data.meta.pageSize]);
  assert.equal(1, data.data[0].id);
});

test("list without pages answers no figures", async () => {
  const { data } = await posts.list({ paginate: false });

  assert.ok(!("meta" in data));
  assert.ok(data.data.length > 1);
});

test("an empty filter, empty lists and undefined parameters are none", async () => {
  const { status } = await posts.list({ filter: {}, fields: [], appends: [], sort: undefined });

  assert.equal(200, status);
});

test("null in a filter finds what is empty", async () => {
  const { data } = await posts.list({ filter: { categoryId: null }, fields: ["id", "categoryId"] });

  assert.ok(data.data.length);
  assert.ok(data.data.every(({ categoryId }) => categoryId === null));
});

test("list filters by operators, across relations, and by any of several", async () => {
  const filter = {
    $and: [{ "category.title.$includes": "announce" }, { $or: [{ id: 1 }, { tags: { name: { $in: ["none"] } } }] }],
  };
  const { data } = await posts.list({ filter, fields: "id" });

  assert.deepEqual([{ id: 1 }], data.data);
});

test("list takes a filter that is text already", async () => {
  const { data } = await posts.list({ filter: '{"id":{"$lt":2}}', fields: ["id"] });

  assert.deepEqual([{ id: 1 }], data.data);
});

test("count is a POST with an empty object, as the SDK makes every action but get and list", async () => {
  const { data } = await posts.count({ filter: { id: [1, 2] } });

  assert.equal(2, data.data);
});

test("update changes the record of a key, and answers a list", async () => {
  const [filterByTk] = await created("before");
  const { data } = await posts.update({ filterByTk, values: { title: "after" } });

  assert.deepEqual(["after"], data.data.map(({ title }) => title));
});

test("update changes all that a filter finds", async () => {
  const ids = await created("x", "x");
  const { data } = await posts.update({ filter: { id: { $in: ids } }, values: { title: "y" } });

  assert.deepEqual(["y", "y"], data.data.map(({ title }) => title));
});

test("update of a record that hangs on it, when that is named", async () => {
  const category = { title: "before" };
  const { data } = await posts.create({ values: { title: "x", category }, appends: ["category"] });
  const { id } = data.data.category;
  await posts.update({
    filterByTk: data.data.id,
    values: { category: { id, title: "after" } },
    updateAssociationValues: ["category"],
  });
  const found = await api.resource("categories").get({ filterByTk: id });

  assert.equal("after", found.data.data.title);
});

test("destroy by a key", async () => {
  const [filterByTk] = await created("x");
  const { data } = await posts.destroy({ filterByTk });
  const { status } = await refused(api, posts.get({ filterByTk }));

  assert.deepEqual([1, 404], [data.data, status]);
});

test("destroy by several keys", async () => {
  const { data } = await posts.destroy({ filterByTk: await created("x", "y") });

  assert.equal(2, data.data);
});

test("destroy by a filter", async () => {
  const ids = await created("x", "y");
  const { data } = await posts.destroy({ filter: { id: { $in: ids } } });

  assert.equal(2, data.data);
});

test("firstOrCreate creates once", async () => {
  const call = { values: { name: `once ${Date.now()}` }, filterKeys: ["name"] };
  const first = await api.resource("tags").firstOrCreate(call);
  const second = await api.resource("tags").firstOrCreate(call);

  assert.equal(first.data.data.id, second.data.data.id);
});

test("updateOrCreate updates what is there", async () => {
  const title = `once ${Date.now()}`;
  const [id] = await created(title);
  const { data } = await posts.updateOrCreate({ values: { title, content: "new" }, filterKeys: ["title"] });

  assert.deepEqual([id, "new"], [data.data.id, data.data.content]);
});

test("a record that was read can be sent back whole, if the whitelist says what is meant", async () => {
  const [filterByTk] = await created("before");
  const { data } = await posts.get({ filterByTk, appends: ["tags", "author"] });
  const values = { ...data.data, title: "after" };
  const updated = await posts.update({ filterByTk, values, whitelist: ["title", "content"] });

  assert.equal("after", updated.data.data[0].title);
});

test("any text comes back as it was sent", async () => {
  const title = "日本語 & + ? % ünï";
  await created(title);
  const { data } = await posts.list({ filter: { title }, fields: "title", pageSize: 1 });

  assert.deepEqual([{ title }], data.data);
});

test("many keys are a list, as qs writes it", async () => {
  const { data } = await posts.destroy({ filterByTk: await created(...Array(30).fill("x")) });

  assert.equal(30, data.data);
});

test("request writes a filter as qs does", async () => {
  const params = { filter: { id: { $in: [1, 2] }, categoryId: null }, fields: ["id"], sort: ["-id"] };
  const { data } = await api.request({ url: "posts:list", params });

  assert.deepEqual([{ id: 2 }], data.data);
});

test("request with a resource and an action is the same call", async () => {
  const { data } = await api.request({ resource: "posts", action: "get", params: { filterByTk: 1, fields: ["id"] } });

  assert.deepEqual({ id: 1 }, data.data);
});

test("request with a path reaches the plain REST spellings", async () => {
  const { data } = await api.request({ url: "posts/1", params: { fields: ["id"] } });

  assert.deepEqual({ id: 1 }, data.data);
});
