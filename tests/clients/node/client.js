// The SDK over the service that is being tested, made as its manual makes it.

const { APIClient } = await import(process.env.SDK);

export function anonymous() {
  return new APIClient({ baseURL: `${process.env.BANGPATH_URL}/api/` });
}

export async function signedIn() {
  const api = anonymous();
  await api.auth.signIn({ account: "root", password: process.env.PASSWORD });
  return api;
}

// What a call was refused with: the status, the first of the errors, and the others.
export async function refused(api, call) {
  try {
    await call;
  } catch (error) {
    // Only the newest SDK finds the errors itself.
    const [first, ...others] = api.toErrMessages?.(error) ?? error.response.data.errors;
    return { status: error.response.status, ...first, others };
  }
  throw new Error("the call was not refused");
}

// What `look` finds as soon as that is something.
export async function until(look, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`nothing was seen in ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
