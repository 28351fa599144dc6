/*
 * Makes the calls that standard input lists, [["hit", "ns", "key"], …], one after the other, and
 * writes what each was: {"resolved": …} or {"rejected": …}.
 */
'use strict';

const countapi = require('countapi-js');

async function run() {
  let input = '';
  for await (const piece of process.stdin) {
    input += piece;
  }
  const outcomes = [];
  for (const [name, ...words] of JSON.parse(input)) {
    const call = countapi[name].apply(countapi, words);
    outcomes.push(await call.then((value) => ({ resolved: value }),
                                  (reason) => ({ rejected: String(reason) })));
  }
  process.stdout.write(JSON.stringify(outcomes));
}

run();
