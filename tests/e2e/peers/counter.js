// The third stage of footfall's story by Node's own means: a cluster whose count lives in Redis.
//
//     node counter.js redis://127.0.0.1:6379
//
// It serves on a free port of 127.0.0.1, which it prints when every worker serves.
'use strict';

const cluster = require('node:cluster');
const http = require('node:http');

const WORKERS = 2;

function lead() {
  let serving = 0;
  cluster.on('listening', (worker, address) => {
    serving += 1;
    if (serving === WORKERS) {
      console.log(`serving on port ${address.port}`);
    }
  });
  cluster.on('exit', () => process.exit(1)); // nobody here is replaced
  for (let i = 0; i < WORKERS; i += 1) {
    cluster.fork();
  }
}

async function serve() {
  const { createClient } = require('redis');
  const redis = createClient({ url: process.argv[2] });
  redis.on('error', (error) => console.error(error));
  await redis.connect();

  const server = http.createServer(async (request, response) => {
    let status = 200;
    let body;
    try {
      body = `{"counter":${await redis.incr('counter')},"pid":${process.pid}}`;
    } catch (error) {
      status = 503;
      body = JSON.stringify({ error: String(error) });
    }
    response.writeHead(status, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    });
    response.end(body);
  });
  server.keepAliveTimeout = 0; // a visitor who is slow to come back finds the connection open
  server.listen({ host: '127.0.0.1', port: 0 }); // the same free port for all of a cluster
}

if (cluster.isPrimary) {
  lead();
} else {
  serve();
}
