/** The suite draws the same random cases in every run, so that what fails fails again; UAP_LENS_SEED draws others, and a file that is run by itself always does. */
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env.UAP_LENS_SEED ?? 20_261_126) });
