import { fuzzInitiator } from '#test/drivers/iscsi/fuzz-campaign';

/** `npm run fuzz:iscsi -- [PDUs] [seed]`: a failure names the seed of its connection. */
const [pdus = '1000000', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
process.stdout.write(`${pdus} PDUs, seed ${seed}\n`);
const started = performance.now();
const report = await fuzzInitiator(Number(pdus), Number(seed));
const seconds = (performance.now() - started) / 1000;
const endings = Object.entries(report.endings).map(([ending, count]) => `${count} ${ending}`);
process.stdout.write(
  `${report.pdus} PDUs on ${report.connections} connections (${report.logins} logged in) in ${seconds.toFixed(1)} s` +
    ` (${(process.cpuUsage().user / 1e6).toFixed(1)} s of a processor)\n` +
    `commands: ${endings.join(', ')}\n`,
);
