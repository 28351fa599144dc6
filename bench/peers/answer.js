// What the three stages share: how they answer, listen, start workers and end.
'use strict';

const pid = process.pid;

exports.answer = function answer(response, counter) {
  const body = `{"counter":${counter},"pid":${pid}}`;
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'Content-Length': body.length,
  });
  response.end(body);
};

exports.listen = function listen(server) {
  server.keepAliveTimeout = 300000;
  server.listen({ host: '127.0.0.1', port: Number(process.env.PORT), backlog: 4096 });
};

exports.startWorkers = function startWorkers(cluster) {
  for (let i = 0; i < Number(process.env.WORKERS); i += 1) {
    cluster.fork();
  }
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) {
      worker.process.kill('SIGTERM');
    }
    process.exit(0);
  });
};
