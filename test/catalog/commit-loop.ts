import { systemClock } from '#src/base/clock';
import { openSqliteCatalog } from '#src/catalog/sql/sqlite/open-sqlite-catalog';
import { addDataSet, addStaged, batchOf } from '#test/catalog/engines';

/**
 * A process of its own: `commit-loop PATH NAME [COUNT]` commits data set after data set with files, and prints the number of each as soon as its commit is
 * acknowledged, until it is killed or has made COUNT of them.
 */
const [path = '', name = '', count = 'Infinity'] = process.argv.slice(2);
await using catalog = await openSqliteCatalog({ path, clock: systemClock });
for (let n = 1; n <= Number(count); n += 1) {
  if (n % 3 === 0) {
    await addDataSet(catalog, { id: `${name}-${n}` });
  } else {
    const files = Array.from({ length: 50 }, (_, file) => ({ path: `/${name}/${n}/${file}` }));
    const set = await addStaged(catalog, files, { id: `${name}-${n}` });
    await catalog.files.openWriter(set.key).add(batchOf([{ path: `/${name}/${n}/unstaged`, segment: 2 }]));
  }
  process.stdout.write(`${n}\n`);
}
