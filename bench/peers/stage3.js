// Stage 3 of the story: a cluster with its state in Redis.
'use strict';

const cluster = require('node:cluster');
const http = require('node:http');
const { answer, listen, startWorkers } = require('./answer.js');

function serve() {
  const Redis = require('ioredis');
  const redis = new Redis({
    host: '127.0.0.1',
    port: Number(process.env.REDIS_PORT),
    enableAutoPipelining: process.env.AUTO_PIPELINING === '1',
  });
  listen(http.createServer((request, response) => {
    redis.incr('bench-node').then(
      (counter) => answer(response, counter),
      () => {
        response.writeHead(503);
        response.end();
      },
    );
  }));
}

if (cluster.isPrimary) {
  startWorkers(cluster);
} else {
  serve();
}
