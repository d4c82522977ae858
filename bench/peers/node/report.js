'use strict';

const fs = require('node:fs');

/** Processor time from its making on, until report(). */
class Measure {
  constructor() {
    this.cpu = process.cpuUsage();
    this.begun = process.hrtime.bigint();
  }

  report(operations) {
    const { user, system } = process.cpuUsage(this.cpu);
    return {
      operations,
      cpu_us: user + system,
      user_us: user,
      wall_us: Number((process.hrtime.bigint() - this.begun) / 1000n),
      peak_kb: peakKB(),
    };
  }
}

// The maxRSS of process.resourceUsage() has in it what the process was before it became this program.
function peakKB() {
  const found = /^VmHWM:\s*([0-9]+)/m.exec(fs.readFileSync('/proc/self/status', 'utf8'));
  return found ? Number(found[1]) : 0;
}

function say(report) {
  fs.writeSync(1, `${JSON.stringify(report)}\n`);
}

function leave(status, text) {
  fs.writeSync(2, `node-bench: ${text}\n`);
  process.exit(status);
}

const fail = (text) => leave(1, text);

/** For what this program does not do. */
const decline = (text) => leave(77, text);

module.exports = { Measure, say, fail, decline };
