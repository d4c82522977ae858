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
    this.begin = module.get;
    this.options = {
      hostname: url.hostname,
      port: url.port,
      agent: new module.Agent({ keepAlive: true, ...files }),
    };
  }

  /** What etcd says of a path below /v2/keys. */
  get(path) {
    return new Promise((resolve, reject) => {
      const request = this.begin({ ...this.options, path: `/v2/keys${path}` }, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(parts).toString();
          if (answer.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`status ${answer.statusCode}: ${text}`));
        });
      });
      request.on('error', reject);
    });
  }

  async info(service) {
    return JSON.parse((await this.get(`/services_infos/${service}?sorted=true`)).node.value);
  }

  async hosts(service) {
    const { node } = await this.get(`/services/${service}?sorted=true&recursive=true`);
    return node.nodes.map(({ value }) => JSON.parse(value));
  }
}

module.exports = { Client };
