'use strict';

const { fail } = require('./report');

class Arguments {
  constructor(words) {
    this.pairs = new Map();
    for (const word of words) {
      const end = word.indexOf('=');
      if (end < 0) fail(`${word} is not key=value`);
      this.pairs.set(word.slice(0, end), word.slice(end + 1));
    }
  }

  has(key) {
    return this.pairs.has(key);
  }

  /** Without a fallback it has to be there. */
  text(key, fallback) {
    const value = this.pairs.get(key) ?? fallback;
    if (value === undefined) fail(`${key}= is missing`);
    return value;
  }

  number(key, fallback) {
    const value = this.text(key, String(fallback));
    if (!/^[0-9]+$/.test(value)) fail(`${key}=${value} is no number`);
    return Number(value);
  }

  get isV2() {
    return this.text('api', 'v3') === 'v2';
  }
}

let silent = 0;

/** To be called whenever etcd has answered. */
function alive() {
  silent = 0;
}

/** Ends the program when nothing comes for timeout= seconds. */
function startGuard(given) {
  const patience = given.number('timeout', 20);
  setInterval(() => {
    silent += 1;
    if (silent >= patience) fail(`nothing has come for ${patience} seconds`);
  }, 1000).unref();
}

module.exports = { readArguments: (words) => new Arguments(words), startGuard, alive };
