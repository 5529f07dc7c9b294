import type { Device } from '../../device/device.ts';
import { ArgumentError, DeviceLostError } from '../../errors.ts';
import { describe } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import type { Build } from '../build.ts';
import { adapterClass, adapterKey } from './adapters.ts';
import type { Answer, Answers, Choice, Question } from './choice.ts';
import { DEFAULTS } from './defaults.ts';
import { merge, NOTHING, requireMeasurements } from './measurements.ts';
import type { Measurements, TunedChoice, TuningStore } from './measurements.ts';
import type { TunerContext, TuningReport } from './tuner.ts';

/**
 * `true`: choices that are not known yet are measured when a program is compiled, and kept; `'cached'`: what was measured
 * before is used, nothing is measured.
 */
export type TuneMode = true | 'cached';

export interface TuneOptions {
  /** Choose kernels by measurement: see `TuneMode`. Default false: by rules, and by measurements that wgrad ships. */
  tune?: TuneMode | false;
  /** Where measurements are kept. Default: the browser's IndexedDB; in Node a file of the cache folder. */
  tuningStore?: TuningStore;
  /**
   * Called with a sentence about measurements that cannot be read or written, and about kernels that are wrong on this
   * device. Default `console.warn`.
   */
  onNotice?: (notice: string) => void;
}

export const tuneOptions: OptionTable<TuneOptions> = { tune: true, tuningStore: true, onNotice: true };

/** Below so many floating-point operations of a step a choice is left to the rule: measuring it would never pay. */
const LEAST_FLOPS = 500_000;

/** What sessions of one `init` share: a session that takes the place of a lost one makes the same choices. */
export class TuningSettings {
  readonly mode: TuneMode | undefined;
  readonly store: TuningStore | undefined;
  readonly notice: (text: string) => void;
  /** By adapter. */
  readonly known = new Map<string, Measurements>();

  /** @throws ArgumentError if `tune` has another value */
  constructor(
    caller: string,
    { tune = false, tuningStore, onNotice = console.warn }: TuneOptions,
    store?: TuningStore,
  ) {
    if (tune !== true && tune !== false && tune !== 'cached') {
      throw new ArgumentError(
        `${caller}: tune is ${describe(tune)}; true measures kernels and keeps what was found, 'cached' uses what was found before, false does neither`,
      );
    }
    this.mode = tune || undefined;
    this.store = tuningStore ?? store;
    this.notice = onNotice;
  }
}

/** What is known of the kernels' speed on the device of a session. */
export class Tuning implements Answers {
  readonly adapter: string;
  readonly #settings: TuningSettings | undefined;
  readonly #defaults: Measurements;
  /** What was measured in this session, in the order of measuring. */
  readonly reports: TuningReport[] = [];

  private constructor(device: Device, settings: TuningSettings | undefined) {
    this.adapter = adapterKey(device);
    this.#settings = settings;
    this.#defaults = DEFAULTS[adapterClass(device)] ?? NOTHING;
  }

  /** Of a session that measures nothing and has measured nothing: only what wgrad ships. */
  static shipped(device: Device): Tuning {
    return new Tuning(device, undefined);
  }

  /** Loads the known measurements; a store that cannot be read is reported, and counts as empty. */
  static async open(device: Device, settings: TuningSettings): Promise<Tuning> {
    const tuning = new Tuning(device, settings);
    const { mode, store, known, notice } = settings;
    if (mode === undefined || known.has(tuning.adapter)) return tuning;
    try {
      const loaded = (await store?.load(tuning.adapter)) ?? NOTHING;
      requireMeasurements(loaded);
      known.set(tuning.adapter, loaded);
    } catch (error) {
      notice(
        `Measured kernel choices are not used: ${store!.name} cannot be read: ${(error as Error).message}`,
      );
      known.set(tuning.adapter, NOTHING);
    }
    return tuning;
  }

  get #measured(): Measurements {
    return this.#settings?.known.get(this.adapter) ?? NOTHING;
  }

  /** Measured here or shipped; undefined where the rule decides. */
  get residentWorkgroups(): number | undefined {
    return this.#measured.residentWorkgroups ?? this.#defaults.residentWorkgroups;
  }

  find(question: Question): Answer | undefined {
    return answer('tuned', this.#measured, question) ?? answer('default', this.#defaults, question);
  }

  /** Once for each adapter, before anything is compiled: the rules of all kernels depend on it. */
  async measureDevice(context: TunerContext): Promise<void> {
    if (this.#settings?.mode !== true || this.#measured.residentWorkgroups !== undefined) return;
    const residentWorkgroups = await (await import('./occupancy.ts')).measureResidentWorkgroups(context);
    if (residentWorkgroups !== undefined) await this.#keep({ residentWorkgroups, choices: {} });
  }

  /**
   * With `tune: true`, measures the choices of a build that are left to the rule, and keeps what was found.
   *
   * @returns whether anything was measured: then the program is to be built again
   */
  async measure(
    context: TunerContext,
    built: Build,
    onProgress?: (done: number, total: number, label: string) => void,
  ): Promise<boolean> {
    if (this.#settings?.mode !== true) return false;
    const choices = openChoices(built);
    if (choices.length === 0) return false;
    onProgress?.(0, choices.length, 'tuning');
    const found: Record<string, TunedChoice> = {};
    try {
      const { measureChoices } = await import('./tuner.ts'); // applications that never measure do not load it
      await measureChoices(context, choices, (report, done) => {
        onProgress?.(done, choices.length, `tuning ${report.label}`);
        found[report.key] = report.choice;
        this.reports.push(report);
        if (report.wrong.length > 0) {
          this.#settings!.notice(
            `${report.label}: the kernel ${report.wrong.join(', ')} computes other numbers than the others on ${context.device.description} and is not used; please report it (${report.key})`,
          );
        }
      });
    } catch (error) {
      if (error instanceof DeviceLostError) throw error;
      this.#settings.notice(`Measuring kernels failed and was ended: ${(error as Error).message}`);
    }
    await this.#keep({ choices: found });
    return Object.keys(found).length > 0;
  }

  /** Measurements that cannot be stored still hold for this session. */
  async #keep(measured: Measurements): Promise<void> {
    const { known, store, notice } = this.#settings!;
    known.set(this.adapter, merge(this.#measured, measured));
    try {
      await store?.save(this.adapter, measured);
    } catch (error) {
      notice(
        `Measured kernel choices hold for this session only: ${store!.name} cannot be written: ${(error as Error).message}`,
      );
    }
  }
}

/** An answer to a question that was asked in the same words, of the same kernels. */
function answer(
  by: Answer['by'],
  { choices }: Measurements,
  { key, sources, candidates }: Question,
): Answer | undefined {
  const known = Object.hasOwn(choices, key) ? choices[key] : undefined;
  if (known?.sources !== sources || !candidates.includes(known.variant)) return undefined;
  return { variant: known.variant, by, fingerprint: known.fingerprint };
}

/** Choices that are worth measuring and that nothing measured here has made, one for each key. */
function openChoices({ dispatches }: Build): Choice[] {
  const flops = new Map<Choice, number>();
  for (const { choice, flops: own } of dispatches) {
    if (choice?.question === undefined || choice.by === 'forced' || choice.by === 'tuned') continue;
    if (choice.question.candidates.length > 1) flops.set(choice, (flops.get(choice) ?? 0) + own);
  }
  const byKey = new Map<string, Choice>();
  for (const [choice, own] of flops) {
    const { key } = choice.question!;
    if (own >= LEAST_FLOPS && !byKey.has(key)) byKey.set(key, choice);
  }
  return [...byKey.values()];
}
