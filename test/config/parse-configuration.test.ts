import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialConfiguration } from '#src/config/initial-configuration';
import { least, parse, refusal } from '#test/config/configurations';

const office = `${least}libraries: { main: { driver: virtual, slots: 24 } }
pools: { scratch: {}, daily: { draw: scratch, protect: 2 weeks } }
`;

test('what init writes is accepted, with absolute paths', () => {
  const configuration = parse(initialConfiguration({ stagingSizeBytes: 5.7 * 2 ** 30, timeZone: 'Asia/Tokyo' }));
  assert.equal(configuration.state, '/etc/g/state');
  assert.deepEqual(configuration.staging, {
    path: '/etc/g/staging',
    sizeBytes: 5 * 2 ** 30,
    segmentSizeBytes: 2.5 * 2 ** 30,
  });
  assert.deepEqual(configuration.pools['weekly'], {
    name: 'weekly',
    draw: 'scratch',
    protect: { kind: 'calendar', unit: 'weeks', count: 5 },
  });
  const { place, ...rotation } = configuration.rotations['office'] ?? assert.fail();
  assert.deepEqual(rotation, {
    name: 'office',
    scheme: 'grandfather-father-son',
    library: 'main',
    at: '0 22 * * *',
    timeZone: 'Asia/Tokyo',
    settings: {
      son: { days: ['mon', 'tue', 'wed', 'thu'], level: 'incremental', pool: 'daily' },
      father: { days: ['fri'], level: 'full', pool: 'weekly' },
      grandfather: { on: 'last friday of month', level: 'full', pool: 'monthly' },
    },
  });
  assert.deepEqual(configuration.sets['home'], {
    name: 'home',
    include: ['/home'],
    exclude: ['**/.cache/**'],
    rotation: 'office',
    pool: undefined,
    inode: 'compare',
    oneFileSystem: true,
  });
});

test('the least configuration has every default', () => {
  const configuration = parse(least, '/a/b/c.yaml');
  assert.deepEqual(configuration, {
    file: '/a/b/c.yaml',
    state: '/a/b/state',
    catalog: 'sqlite',
    staging: { path: '/a/b/staging', sizeBytes: 2 ** 30, segmentSizeBytes: 2 ** 29 },
    libraries: {},
    pools: {},
    rotations: {},
    sets: {},
  });
});

test('relative paths of a set are relative to the file', () => {
  const text = `${office}sets: { docs: { include: [../docs, /srv], pool: daily, inode: ignore, oneFileSystem: false } }`;
  const set = parse(text).sets['docs'];
  assert.deepEqual(set?.include, ['/etc/docs', '/srv']);
  assert.equal(set?.inode, 'ignore');
  assert.equal(set?.oneFileSystem, false);
});

test('a rotation takes the only library and the time zone of the machine', () => {
  const text = `${office}rotations: { r: { scheme: s, at: '0 1 * * *' } }`;
  assert.equal(parse(text).rotations['r']?.library, 'main');
  assert.equal(parse(text).rotations['r']?.timeZone, 'Europe/Zurich');
});

test('settings of a driver are kept as they are, and their places are known', () => {
  const text = `${least}libraries:\n  main:\n    driver: virtual\n    slots: 24\n    deep: { list: [1, { key: x }] }\n`;
  const { settings, place, driver } = parse(text).libraries['main'] ?? assert.fail();
  assert.equal(driver, 'virtual');
  assert.equal(JSON.stringify(settings), '{"slots":24,"deep":{"list":[1,{"key":"x"}]}}');
  assert.equal(place.describe(['slots']), '/etc/g/grandsire.yaml:5:12 libraries.main.slots');
  assert.equal(
    place.describe(['deep', 'list', 1, 'key']),
    '/etc/g/grandsire.yaml:6:30 libraries.main.deep.list[1].key',
  );
  assert.equal(place.describe(['missing']), '/etc/g/grandsire.yaml:3:3 libraries.main.missing');
  assert.equal(place.resolve('./x'), '/etc/g/x');
});

/** Each is refused with the place and the words, and a remedy that has the words of `remedy`. */
const refused: readonly { readonly text: string; readonly says: string; readonly remedy: string }[] = [
  { text: '', says: 'grandsire.yaml:1:1 staging is missing', remedy: 'Add `staging:`' },
  { text: '[1, 2]', says: 'grandsire.yaml:1:1 is a list', remedy: 'a mapping' },
  {
    text: `stagign: { size: 1GiB }\n${least}`,
    says: 'grandsire.yaml:1:1 stagign is an unknown key',
    remedy: '`staging`',
  },
  { text: 'staging: { path: 12, size: 1GiB }', says: ':1:18 staging.path is 12', remedy: 'text (in quotes)' },
  { text: 'staging: { size: 1 gig }', says: ':1:18 staging.size is "1 gig"', remedy: '`200GiB`' },
  { text: 'staging: { size: [1] }', says: ':1:12 staging.size is a list', remedy: '`200GiB`' },
  { text: 'staging: { size: 1MiB }', says: ':1:18 staging.size has no room', remedy: 'at least 2097152' },
  {
    text: 'staging: { size: 9GiB, segmentSize: 9GiB }',
    says: ':1:37 staging.segmentSize is not between',
    remedy: 'out',
  },
  { text: `${least}catalog: mysql`, says: ':2:10 catalog is the text "mysql"', remedy: '`sqlite`' },
  { text: `${least}state: ''`, says: ':2:8 state is empty', remedy: 'path' },
  { text: `${least}pools: { Daily: {} }`, says: ':2:10 pools.Daily is not a name', remedy: 'a–z' },
  { text: `${least}pools: { a: { protect: 2 wk } }`, says: ':2:24 pools.a.protect is "2 wk"', remedy: '5 weeks' },
  {
    text: `${least}pools: { a: { draw: b } }`,
    says: ':2:21 pools.a.draw is `b`, which is not among',
    remedy: 'below `pools:`',
  },
  { text: `${least}pools: { a: { draw: b }, b: { draw: a } }`, says: 'a → b → a', remedy: 'without drawing' },
  { text: `${least}pools: { a: {}, a: {} }`, says: ':2:17 pools.a is given twice', remedy: 'Remove' },
  { text: `${least}pools: []`, says: ':2:1 pools is a list', remedy: 'mapping of names' },
  { text: `${least}sets: { h: { include: [] } }`, says: ':2:14 sets.h.include is empty', remedy: 'at least one' },
  { text: `${least}sets: { h: { include: [/a] } }`, says: ':2:9 sets.h has nowhere to write', remedy: '`rotation:`' },
  {
    text: `${least}sets: { h: { include: [/a], rotation: x } }`,
    says: 'not among the rotations',
    remedy: 'below `rotations:`',
  },
  { text: `${office}sets: { h: { include: [/a], pool: dayly } }`, says: 'not among the pools', remedy: '`daily`' },
  { text: `${office}sets: { h: { include: [/a], pool: scratch } }`, says: 'protects nothing', remedy: 'pools.scratch' },
  { text: `${office}sets: { h: { include: [1], pool: daily } }`, says: 'sets.h.include[0] is 1', remedy: 'text' },
  {
    text: `${office}sets: { h: { include: ["/a\\0b"], pool: daily } }`,
    says: 'include[0] contains a zero',
    remedy: 'without',
  },
  {
    text: `${office}rotations: { r: { scheme: s, at: '0 1 * *' } }`,
    says: 'r.at is "0 1 * *", not five',
    remedy: 'minute',
  },
  {
    text: `${office}rotations: { r: { scheme: s, at: '99 1 * * *' } }`,
    says: 'r.at is "99 1 * * *"',
    remedy: 'minute',
  },
  {
    text: `${office}rotations: { r: { scheme: s, at: '0 1 * * *', timeZone: Mars/X } }`,
    says: 'not a time zone',
    remedy: 'IANA',
  },
  {
    text: `${office}rotations: { r: { scheme: s, at: '0 1 * * *', son: { pool: x } } }`,
    says: ':4:60 rotations.r.son.pool',
    remedy: 'x',
  },
  {
    text: `${office}rotations: { r: { scheme: s, at: '0 1 * * *', son: { level: x } } }`,
    says: 'son.level',
    remedy: '`full`',
  },
  {
    text: `${office}rotations: { r: { scheme: s, at: '0 1 * * *', son: { append: x } } }`,
    says: 'son.append',
    remedy: '`cycle`',
  },
  {
    text: `${least}rotations: { r: { scheme: s, at: '0 1 * * *' } }`,
    says: 'r has no library',
    remedy: '`libraries:`',
  },
  { text: `${least}libraries: { a: { slots: 3 } }`, says: ':2:14 libraries.a.driver is missing', remedy: '`driver:`' },
];

for (const { text, says, remedy } of refused) {
  test(`refused: ${text.trim().split('\n').at(-1)}`, () => {
    const error = refusal(text);
    assert.equal(error.code, 'config.invalid');
    assert.ok(error.message.includes(says), error.message);
    assert.ok(error.remedy.includes(remedy), error.remedy);
  });
}

test('all that is wrong is named at once', () => {
  const error = refusal('state: 1\nstaging: { size: x, sice: 1 }\ncolour: blue\n');
  assert.deepEqual(
    error.message
      .split('\n')
      .map((line) => line.split(' ')[0])
      .sort(),
    ['grandsire.yaml:1:8', 'grandsire.yaml:2:18', 'grandsire.yaml:2:21', 'grandsire.yaml:3:1'],
  );
});
