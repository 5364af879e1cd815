// Who somebody is: signIn, the roles, signOut.

import assert from "node:assert/strict";
import { test } from "node:test";

import { anonymous, refused, signedIn } from "./client.js";

const account = "root";
const password = process.env.PASSWORD;

test("signIn keeps the token and answers who it is", async () => {
  const api = anonymous();
  const { data } = await api.auth.signIn({ account, password });

  assert.equal(api.auth.token, data.data.token);
  assert.equal("root", data.data.user.username);
});

test("signIn may name the authenticator that NocoBase calls basic", async () => {
  const api = anonymous();
  await api.auth.signIn({ account, password }, "basic");
  const { data } = await api.resource("auth").check();

  assert.equal("basic", api.auth.authenticator);
  assert.equal("root", data.data.username);
});

test("signIn with a wrong password is refused, and there is no token", async () => {
  const api = anonymous();
  const answer = await refused(api, api.auth.signIn({ account, password: "wrong" }));

  assert.equal(401, answer.status);
  assert.ok(!api.auth.token);
});

test("signIn replaces a token that has ended, which the SDK still shows", async () => {
  const api = anonymous();
  api.auth.setToken("ended");
  api.auth.setRole("gone");
  const { status } = await api.auth.signIn({ username: account, password });

  assert.equal(200, status);
  assert.notEqual("ended", api.auth.token);
});

test("without a token nothing is answered", async () => {
  const api = anonymous();
  const { status, code } = await refused(api, api.resource("posts").list());

  assert.deepEqual([401, "EMPTY_TOKEN"], [status, code]);
});

test("setRole says in which role the next calls are made", async () => {
  const api = await signedIn();
  api.auth.setRole("member");
  const { status, code } = await refused(api, api.resource("tags").create({ values: { name: "x" } }));

  assert.deepEqual([403, "NO_PERMISSION"], [status, code]);
});

test("a role that one does not hold is refused", async () => {
  const api = await signedIn();
  api.auth.setRole("nobody");
  const { status, code } = await refused(api, api.resource("posts").list());

  assert.deepEqual([401, "ROLE_NOT_FOUND_FOR_USER"], [status, code]);
});

test("setLocale is accepted; texts are in English whatever it says", async () => {
  const api = await signedIn();
  api.auth.setLocale("zh-CN");
  const { message } = await refused(api, api.resource("posts").create({ values: {} }));

  assert.equal("'title' is required.", message);
});

test("the headers that NocoBase's pages add are accepted", async () => {
  const api = await signedIn();
  const headers = { "X-Timezone": "+08:00", "X-Hostname": "localhost", "X-With-ACL-Meta": "true", "X-App": "main" };
  const { status } = await api.resource("posts", undefined, headers).list();

  assert.equal(200, status);
});

test("a token in the query is as good as the header", async () => {
  const { token } = (await signedIn()).auth;
  const { data } = await anonymous().resource("posts").list({ token, pageSize: 1 });

  assert.equal(1, data.data.length);
});

test("after signOut the token is nobody's", async () => {
  const api = await signedIn();
  const { token } = api.auth;
  await api.auth.signOut();
  const { status, code } = await refused(api, api.resource("posts").list({ token }));

  assert.deepEqual([401, "BLOCKED_TOKEN"], [status, code]);
});
