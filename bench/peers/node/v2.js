'use strict';

const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');

/** etcd's v2 API on connections that are kept. */
class Client {
  constructor(given) {
    const url = new URL(given.text('url'));
    const module = url.protocol === 'https:' ? https : http;
    const files = {};
    for (const key of ['ca', 'cert', 'key']) {
      if (given.has(key)) files[key] = fs.readFileSync(given.text(key));
    }
    this.begin = module.request;
    this.options = {
      hostname: url.hostname,
      port: url.port,
      agent: new module.Agent({ keepAlive: true, ...files }),
    };
  }

  /** What etcd says of a path below /v2/keys; body: of a form. */
  ask(method, path, body) {
    return new Promise((resolve, reject) => {
      const headers = body ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {};
      const options = { ...this.options, method, path: `/v2/keys${path}`, headers };
      const request = this.begin(options, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(parts).toString();
          if (answer.statusCode === 200 || answer.statusCode === 201) resolve({ ...JSON.parse(text), answer });
          else reject(new Error(`status ${answer.statusCode}: ${text}`));
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  get(path) {
    return this.ask('GET', path);
  }

  put(key, value) {
    return this.ask('PUT', key, `value=${encodeURIComponent(value)}`);
  }

  async info(service) {
    return JSON.parse((await this.get(`/services_infos/${service}?sorted=true`)).node.value);
  }

  async hosts(service) {
    const { node } = await this.get(`/services/${service}?sorted=true&recursive=true`);
    return node.nodes.map(({ value }) => JSON.parse(value));
  }

  /** Calls back with each host that is written, from now on. Each event is waited for in a request of its own. */
  async watch(service, onHost) {
    const { answer } = await this.get(`/services/${service}`);
    let index = Number(answer.headers['x-etcd-index']);
    for (;;) {
      const { node } = await this.get(`/services/${service}?wait=true&recursive=true&waitIndex=${index + 1}`);
      index = node.modifiedIndex;
      onHost(JSON.parse(node.value));
    }
  }
}

module.exports = { Client };
