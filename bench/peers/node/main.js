// node-bench measures Node: on v2 its own HTTP client and JSON.parse, on v3 the package etcd3, which speaks gRPC, so
// that url= is that of a real etcd then.
'use strict';

const { readArguments, startGuard } = require('./arguments');
const { decline, fail, say } = require('./report');

const cases = {
  latency: () => require('./latency'),
  lookup: () => require('./lookup'),
  watch: () => require('./watch'),
};

function about() {
  const { version } = require('etcd3/package.json');
  say({ about: `Node ${process.versions.node}, etcd3 ${version}` });
}

async function main() {
  const [name, ...words] = process.argv.slice(2);
  if (name === undefined) fail('usage: node-bench CASE [key=value ...]');
  if (name === 'about') return about();
  if (!Object.hasOwn(cases, name)) decline(`the case ${name} is not done by this program`);
  const given = readArguments(words);
  startGuard(given);
  say(await cases[name]().run(given));
  process.exit();
}

main().catch((error) => fail(error.stack));
