'use strict';

const { alive } = require('./arguments');
const { Measure, fail } = require('./report');

function checkHost(host, service) {
  const isWhole = host.name && host.uuid && host.ports && host.private_ports;
  if (!isWhole || host.service_name !== service) fail(`a host is not whole: ${JSON.stringify(host)}`);
}

/** concurrency= callers look a service up, each again and again, warm= and then count= times in all. */
async function lookup(given) {
  const service = given.text('service');
  const wanted = given.number('hosts', 0);
  const callers = given.number('concurrency', 1);
  const warm = given.number('warm', callers);
  const all = warm + given.number('count', 1000);
  const withInfo = !given.isV2 || given.number('info', 0) === 1;
  if (callers < 1 || warm < 1 || all === warm) fail('concurrency=, warm= and count= are at least 1');
  const { Client } = given.isV2 ? require('./v2') : require('./v3');
  const client = new Client(given);
  let begun = 0;
  let ended = 0;
  let measure;
  let report;

  async function lookUp() {
    const [hosts, info] = await Promise.all([client.hosts(service), withInfo ? client.info(service) : undefined]);
    if (hosts.length !== wanted) fail(`${hosts.length} hosts instead of ${wanted}`);
    for (const host of hosts) checkHost(host, service);
    if (withInfo && info?.name !== service) fail(`the info is not that of ${service}`);
    alive();
  }

  async function call() {
    while (begun < all) {
      begun += 1;
      await lookUp();
      ended += 1;
      if (ended === warm) measure = new Measure();
      if (ended === all) report = measure.report(all - warm);
    }
  }

  await Promise.all(Array.from({ length: callers }, call));
  return report;
}

module.exports = { run: lookup, checkHost };
