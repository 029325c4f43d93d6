import fc from 'fast-check';

/**
 * Properties begin with the same numbers in every run, so that a commit passes or does not, on whatever machine. Other numbers are
 * tried on purpose: `SLUICE_TEST_SEED=random npm test`, and by the fuzz runs.
 */
const wanted = process.env.SLUICE_TEST_SEED || '1';
if (wanted !== 'random') {
  if (!/^-?\d+$/.test(wanted))
    throw new Error(`SLUICE_TEST_SEED is a whole number or "random", not "${wanted}"`);
  fc.configureGlobal({ seed: Number(wanted) });
}
