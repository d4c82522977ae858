'use strict';

const { alive } = require('./arguments');
const { Measure, fail } = require('./report');

function checkHost(host, service) {
  const isWhole = host.name && host.uuid && host.ports && host.private_ports;
  if (!isWhole || host.service_name !== service) fail(`a host is not whole: ${JSON.stringify(host)}`);
}

/**
 * concurrency= callers look a service up, each again and again, warm= times in all, and when all of these have ended,
 * count= times.
 */
async function lookup(given) {
  const service = given.text('service');
  const wanted = given.number('hosts', 0);
  const callers = given.number('concurrency', 1);
  const warm = given.number('warm', callers);
  const count = given.number('count', 1000);
  const withInfo = !given.isV2 || given.number('info', 0) === 1;
  if (callers < 1 || warm < 1 || count < 1) fail('concurrency=, warm= and count= are at least 1');
  const { Client } = given.isV2 ? require('./v2') : require('./v3');
  const client = new Client(given);

  async function lookUp() {
    const [hosts, info] = await Promise.all([client.hosts(service), withInfo ? client.info(service) : undefined]);
    if (hosts.length !== wanted) fail(`${hosts.length} hosts instead of ${wanted}`);
    for (const host of hosts) checkHost(host, service);
    if (withInfo && info?.name !== service) fail(`the info is not that of ${service}`);
    alive();
  }

  async function lookUpAll(times) {
    let begun = 0;
    async function call() {
      while (begun < times) {
        begun += 1;
        await lookUp();
      }
    }
    await Promise.all(Array.from({ length: callers }, call));
  }

  await lookUpAll(warm);
  const measure = new Measure();
  await lookUpAll(count);
  return measure.report(count);
}

module.exports = { run: lookup, checkHost };
