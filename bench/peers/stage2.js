// Stage 2 of the story: a cluster, each worker of which counts for itself.
'use strict';

const cluster = require('node:cluster');
const { startWorkers } = require('./answer.js');

if (cluster.isPrimary) {
  startWorkers(cluster);
} else {
  require('./stage1.js');
}
