// Stage 1 of the story: one process that counts in its memory.
'use strict';

const http = require('node:http');
const { answer, listen } = require('./answer.js');

let counter = 0;

listen(http.createServer((request, response) => {
  counter += 1;
  answer(response, counter);
}));
