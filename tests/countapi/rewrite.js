/*
 * Preloaded (node --require): requests to the address that countapi-js has built in go to the server
 * under test, as if its name led there. FOOTFALL_ADDRESS is host:port, CALLING_PAGE what a browser
 * would say of the page.
 */
'use strict';

const http = require('http');
const https = require('https');

const [host, port] = process.env.FOOTFALL_ADDRESS.split(':');

https.request = function (options, callback) {
  if (options.hostname !== 'api.countapi.xyz' || options.protocol !== 'https:') {
    throw new Error(`an address that nobody expects: ${options.protocol}//${options.hostname}`);
  }
  const headers = { ...options.headers };
  if (process.env.CALLING_PAGE) {
    headers.Origin = new URL(process.env.CALLING_PAGE).origin;
    headers.Referer = process.env.CALLING_PAGE;
  }
  return http.request(
    { method: options.method, path: options.path, host, port, headers, agent: false },
    callback
  );
};
