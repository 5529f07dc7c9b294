import type { Token } from '../kernels/tokens.ts';

/** What a piece of WGSL is, as a tree. `at` is the token that an error about it points at. */
export type Expression =
  | { readonly kind: 'literal'; readonly at: Token }
  | Name
  | { readonly kind: 'unary'; readonly at: Token; readonly operator: string; readonly operand: Expression }
  | Binary
  | { readonly kind: 'index'; readonly at: Token; readonly base: Expression; readonly index: Expression }
  | { readonly kind: 'member'; readonly at: Token; readonly base: Expression; readonly name: string }
  | Call;

/** A variable, function or type: `array<f32, 4>` is a name with two template arguments. */
export interface Name {
  readonly kind: 'name';
  readonly at: Token;
  readonly name: string;
  readonly template?: readonly Expression[];
}

export interface Binary {
  readonly kind: 'binary';
  readonly at: Token;
  readonly operator: string;
  readonly left: Expression;
  readonly right: Expression;
}

export interface Call {
  readonly kind: 'call';
  readonly at: Token;
  readonly callee: Name;
  readonly args: readonly Expression[];
}

export interface Block {
  readonly kind: 'block';
  readonly at: Token;
  readonly body: readonly Statement[];
}

export interface Variable {
  readonly kind: 'variable';
  readonly at: Token;
  readonly keyword: string;
  readonly name: string;
  readonly type?: Expression;
  readonly value?: Expression;
}

export interface Loop {
  /** for, while and loop alike: initial; loop { if !condition break; body; update }. */
  readonly kind: 'loop';
  readonly at: Token;
  readonly initial?: Statement;
  readonly condition?: Expression;
  readonly update: readonly Statement[];
  readonly body: Block;
  /** The update is a `continuing` block, which sees the names of the body. */
  readonly continuing?: boolean;
}

export interface Switch {
  readonly kind: 'switch';
  readonly at: Token;
  readonly selector: Expression;
  /** The values of each clause; undefined stands for `default`. */
  readonly clauses: readonly { readonly values: readonly (Expression | undefined)[]; readonly body: Block }[];
}

export type Statement =
  | Block
  | Variable
  | Loop
  | Switch
  | {
      readonly kind: 'if';
      readonly at: Token;
      readonly condition: Expression;
      readonly body: Block;
      readonly otherwise?: Statement;
    }
  | { readonly kind: 'return'; readonly at: Token; readonly value?: Expression }
  | { readonly kind: 'break' | 'continue' | 'empty'; readonly at: Token }
  | { readonly kind: 'breakIf' | 'assert'; readonly at: Token; readonly condition: Expression }
  | {
      readonly kind: 'assign';
      readonly at: Token;
      readonly target?: Expression;
      readonly operator: string;
      readonly value: Expression;
    }
  | { readonly kind: 'call'; readonly at: Token; readonly call: Call };

export interface Parameter {
  readonly at: Token;
  readonly name: string;
  readonly type: Expression;
  /** The @builtin of it, if any. */
  readonly builtin?: string;
  /** The numbers of @size and @align. */
  readonly size?: Expression;
  readonly align?: Expression;
}

export interface FunctionSyntax {
  readonly at: Token;
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly result?: Expression;
  readonly body: Block;
}

/** Calls `visit` for every expression in a piece of syntax, outer ones first. */
export function visitExpressions(syntax: unknown, visit: (expression: Expression) => void): void {
  if (Array.isArray(syntax)) for (const item of syntax) visitExpressions(item, visit);
  else if (typeof syntax === 'object' && syntax !== null && 'at' in syntax) {
    if (EXPRESSIONS.has((syntax as Expression).kind)) visit(syntax as Expression);
    for (const [key, value] of Object.entries(syntax)) if (key !== 'at') visitExpressions(value, visit);
  } else if (typeof syntax === 'object' && syntax !== null) visitExpressions(Object.values(syntax), visit);
}

const EXPRESSIONS = new Set<string>(['literal', 'name', 'unary', 'binary', 'index', 'member', 'call']);

/** The name that an expression begins with: of `a[i].x` it is `a`. */
export function rootName(expression: Expression): Name | undefined {
  if (expression.kind === 'name') return expression;
  return expression.kind === 'index' || expression.kind === 'member' ? rootName(expression.base) : undefined;
}
