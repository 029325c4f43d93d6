import fc from 'fast-check';

/**
 * Properties begin with the same numbers in every run, so that a commit passes or does not, on whatever machine. Other numbers are
 * tried on purpose: `SLUICE_PROPERTY_SEED=random npm test`, and by the fuzz runs.
 */
const wanted = process.env.SLUICE_PROPERTY_SEED ?? '1';
if (wanted !== 'random') fc.configureGlobal({ seed: Number.parseInt(wanted, 10) });
