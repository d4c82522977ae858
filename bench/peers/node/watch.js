'use strict';

const { alive } = require('./arguments');
const { Measure, fail } = require('./report');
const { checkHost } = require('./lookup');

/** A subscriber is told of events= changes of hosts. The first counts as the warm-up. */
async function watch(given) {
  const service = given.text('service');
  const events = given.number('events', 0);
  if (events < 2) fail('events= is at least 2');
  const { Client } = given.isV2 ? require('./v2') : require('./v3');
  const client = new Client(given);
  let told = 0;
  let measure;

  return new Promise((resolve, reject) => {
    client
      .watch(service, (host) => {
        if (told === events) return;
        checkHost(host, service);
        alive();
        told += 1;
        if (told === 1) measure = new Measure();
        if (told === events) resolve(measure.report(events - 1));
      })
      .catch(reject);
  });
}

module.exports = { run: watch };
