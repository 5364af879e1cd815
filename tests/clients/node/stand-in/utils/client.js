// The one function that the SDK takes from here. It names a cookie, and is called where there is a `document` only.
exports.getAuthCookieName = () => {
  throw new Error("there are no cookies outside of a browser");
};
