/** A buffer that a shader declares. */
export interface Binding {
  readonly name: string;
  readonly binding: number;
  readonly access: string;
  readonly type: string;
  readonly line: number;
}

/** A constant that the engine fills in. */
export interface Constant {
  readonly name: string;
  readonly type: string;
  readonly value: string;
  /** What it means, by the comment behind it. */
  readonly comment: string;
  /** Values worth trying, where it is one to tune. */
  readonly candidates: readonly number[];
  readonly line: number;
}

/** Memory that the invocations of a workgroup share. */
export interface Shared {
  readonly name: string;
  readonly type: string;
  readonly line: number;
}

export interface ShaderFacts {
  readonly bindings: readonly Binding[];
  readonly constants: readonly Constant[];
  readonly shared: readonly Shared[];
  readonly aliases: readonly { readonly name: string; readonly type: string; readonly line: number }[];
  readonly workgroupSize: string | undefined;
  /** Lines with a barrier. */
  readonly barriers: readonly number[];
}

const BINDING = /@binding\((\d+)\)\s*var<(storage|uniform)(?:,\s*(\w+))?>\s*(\w+):\s*([^;]+);/;
const CONSTANT = /^const (\w+)(?:: ([^=]+?))? = ([^;]+);(?:\s*\/\/\s*(.*))?/;

/** What a shader declares, line by line: enough for files that are pages of a textbook. */
export function factsOf(source: string): ShaderFacts {
  const numbered = source.split('\n').map((text, i) => ({ text, line: i + 1 }));
  const matches = (pattern: RegExp) =>
    numbered.flatMap(({ text, line }) => {
      const match = pattern.exec(text);
      return match ? [{ match, line }] : [];
    });
  return {
    bindings: matches(BINDING).map(({ match: [, binding, space, access, name, type], line }) => ({
      name,
      binding: Number(binding),
      access: space === 'uniform' ? 'uniform' : access,
      type,
      line,
    })),
    constants: matches(CONSTANT).map(({ match: [, name, type = '', value, comment = ''], line }) => {
      const tune = /@tune ([\d ]+)/.exec(comment);
      const candidates = tune ? tune[1].trim().split(/\s+/).map(Number) : [];
      return {
        name,
        type,
        value,
        comment: comment.replace(/(?:\/\/ )?@tune [\d ]+/, '').trim(),
        candidates,
        line,
      };
    }),
    shared: matches(/^var<workgroup> (\w+): ([^;]+);/).map(({ match: [, name, type], line }) => ({
      name,
      type,
      line,
    })),
    aliases: matches(/^alias (\w+) = ([^;]+);/).map(({ match: [, name, type], line }) => ({
      name,
      type,
      line,
    })),
    workgroupSize: matches(/@workgroup_size\(([^)]*)\)/)[0]?.match[1],
    barriers: matches(/^[^/]*\b(?:workgroup|storage)Barrier\(\);/).map(({ line }) => line),
  };
}
