'use strict';

const { alive } = require('./arguments');
const { Measure, fail } = require('./report');

const hostname = (number) => `node-${number}.example`;

/**
 * A host is written, and a subscriber in the same process is told; count= times in turn: the time from sending the
 * write to the callback.
 */
async function latency(given) {
  const service = given.text('service', 'latency');
  const count = given.number('count', 1000);
  if (count < 1) fail('count= is at least 1');
  const { Client } = given.isV2 ? require('./v2') : require('./v3');
  const client = new Client(given);
  const times = [];
  let onHost = () => {};

  function write(name) {
    const host = { name, service_name: service, ports: { http: '80' }, uuid: 'one' };
    return client.put(`/services/${service}/one`, JSON.stringify(host));
  }

  function toldOf(name) {
    return new Promise((resolve) => {
      onHost = (host) => {
        if (host.name === name) resolve();
      };
    });
  }

  // There has to be a service to subscribe to.
  await write('warm.example');
  const failed = new Promise((_, reject) => {
    client.watch(service, (host) => onHost(host)).catch(reject);
  });
  await Promise.race([failed, untilWatched(write, toldOf)]);
  const measure = new Measure();
  for (let number = 0; number < count; number += 1) {
    const told = toldOf(hostname(number));
    const sent = process.hrtime.bigint();
    const written = write(hostname(number));
    await Promise.race([failed, told]);
    times.push(Number(process.hrtime.bigint() - sent) / 1000);
    await written;
    alive();
  }
  const report = measure.report(count);
  times.sort((a, b) => a - b);
  const place = (part) => times[Math.floor(count * part)];
  return { ...report, median_us: place(0.5), p99_us: place(0.99) };
}

/** Writes until the subscriber is told: nothing says when it begins to be. */
async function untilWatched(write, toldOf) {
  const told = toldOf('begin.example');
  const timer = setInterval(() => write('begin.example').catch(() => {}), 50);
  await told;
  clearInterval(timer);
}

module.exports = { run: latency };
