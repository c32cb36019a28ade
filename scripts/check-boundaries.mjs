// Usage: node scripts/check-boundaries.mjs [folder]
// Checks the rules of .dependency-cruiser.cjs in this repository, or in another folder that is built like it.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import rules from '../.dependency-cruiser.cjs';

const ROOT = join(import.meta.dirname, '..');
const FOLDERS = ['src', 'web', 'sandbox', 'demo', 'bench'];
/** Far below what there is. A parser that understands nothing sees no modules, hence no violations. */
const LEAST_MODULES = 60;
const LEAST_DEPENDENCIES = 200;

const cruised = async (baseDir) => {
  const folders = FOLDERS.filter((folder) => existsSync(join(baseDir, folder)));
  if (folders.length === 0) return { violations: [], modules: 0, dependencies: 0 };
  const { tsConfig, ...options } = rules.options;
  const { output } = await cruise(
    folders,
    { ...options, baseDir, validate: true, ruleSet: { forbidden: rules.forbidden } },
    undefined,
    { tsConfig: extractTSConfig(join(ROOT, tsConfig.fileName)) },
  );
  const own = output.modules.filter(({ source }) =>
    FOLDERS.some((folder) => source.startsWith(`${folder}/`)),
  );
  return {
    violations: output.summary.violations,
    modules: own.length,
    dependencies: own.reduce((sum, { dependencies }) => sum + dependencies.length, 0),
  };
};

const textOf = ({ rule, from, to, cycle }) => {
  const way = cycle === undefined ? [to] : cycle.map(({ name }) => name);
  const comment = rules.forbidden.find(({ name }) => name === rule.name)?.comment;
  return `${rule.name}: ${[from, ...way.filter((name) => name !== from || cycle !== undefined)].join(' → ')}\n    ${comment}`;
};

const complaintsOf = ({ violations, modules, dependencies }) => {
  const complaints = violations.map(textOf).toSorted();
  if (modules < LEAST_MODULES || dependencies < LEAST_DEPENDENCIES) {
    complaints.push(
      `Only ${modules} modules with ${dependencies} dependencies were seen, ` +
        `at least ${LEAST_MODULES} with ${LEAST_DEPENDENCIES} were expected: this says nothing about the code.`,
    );
  }
  return complaints;
};

const seen = await cruised(resolve(process.argv[2] ?? ROOT));
const complaints = complaintsOf(seen);
if (complaints.length === 0) {
  console.log(
    `boundaries: ${seen.modules} modules, ${seen.dependencies} dependencies, all where they may be`,
  );
} else {
  console.error(complaints.join('\n'));
  process.exitCode = 1;
}
