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
}

module.exports = { Client };
