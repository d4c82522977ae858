'use strict';

const fs = require('node:fs');
const { Etcd3 } = require('etcd3');

function credentials(given) {
  if (!given.has('ca')) return undefined;
  return {
    rootCertificate: fs.readFileSync(given.text('ca')),
    certChain: fs.readFileSync(given.text('cert')),
    privateKey: fs.readFileSync(given.text('key')),
  };
}

/** etcd's v3 API by gRPC: one connection, which all callers share, as is usual with it. */
class Client {
  constructor(given) {
    this.etcd = new Etcd3({
      hosts: given.text('url'),
      credentials: credentials(given),
      grpcOptions: { 'grpc.max_receive_message_length': -1 },
    });
  }

  async info(service) {
    return this.etcd.get(`/services_infos/${service}`).serializable(true).json();
  }

  async hosts(service) {
    const found = await this.etcd.getAll().prefix(`/services/${service}/`).serializable(true).json();
    return Object.values(found);
  }

  put(key, value) {
    return this.etcd.put(key).value(value).exec();
  }

  /** Calls back with each host that has been written, from the beginning of etcd's history. */
  watch(service, onHost) {
    return new Promise((_, reject) => {
      const watcher = this.etcd.watch().prefix(`/services/${service}/`).startRevision('1').watcher();
      watcher.on('put', ({ value }) => onHost(JSON.parse(value.toString())));
      watcher.on('disconnected', reject);
      watcher.on('error', reject);
    });
  }
}

module.exports = { Client };
