// Sends documents to the GraphQL door of the service this page came from, as nobody in particular.

const DOOR = new URL("../../graphql", import.meta.url);

/** Answers `{status, body}`, whatever the status; throws an `Error` fit to be shown when there is no answer in JSON. */
export async function send(asked, headers) {
  const response = await post(asked, new Headers(headers));
  const text = await response.text();
  try {
    return { status: response.status, body: JSON.parse(text) };
  } catch {
    throw new Error(`The service answered ${response.status} with something that is not JSON.`);
  }
}

async function post(asked, headers) {
  headers.set("Accept", "application/json");
  headers.set("Content-Type", "application/json");
  try {
    return await fetch(DOOR, {
      method: "POST",
      headers,
      body: JSON.stringify(asked),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
    });
  } catch (error) {
    throw new Error("The service cannot be reached.", { cause: error });
  }
}
