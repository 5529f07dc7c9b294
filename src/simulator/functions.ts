import type { Declaration } from '../kernels/parse.ts';
import type { Token } from '../kernels/tokens.ts';
import type { ExpressionCompiler } from './expressions.ts';
import type { Compiled, Module } from './module.ts';
import { parseExpression, parseFunction, parseParameters } from './parseFunction.ts';
import { StatementCompiler } from './statements.ts';
import { rootName, visitExpressions } from './syntax.ts';
import type { FunctionSyntax } from './syntax.ts';
import { U32, isFlat, leaves, typeName, vector } from './types.ts';
import type { Type } from './types.ts';
import type { Place } from './values.ts';

/** Where the numbers of an invocation are, by builtin: fields of `L`. */
const BUILTIN_INPUTS: Readonly<Record<string, readonly string[]>> = {
  local_invocation_id: ['L.lx', 'L.ly', 'L.lz'],
  local_invocation_index: ['L.index'],
  global_invocation_id: ['L.gx', 'L.gy', 'L.gz'],
  workgroup_id: ['L.wx', 'L.wy', 'L.wz'],
  num_workgroups: ['S.nx', 'S.ny', 'S.nz'],
  subgroup_invocation_id: ['L.lane'],
  subgroup_size: ['S.subgroupSize'],
  subgroup_id: ['L.subgroupId'],
  num_subgroups: ['S.subgroups'],
};

/** Compiles one function to JavaScript: a generator where it stops or meets others. */
class FunctionCompiler extends StatementCompiler {
  atModuleScope<T>(use: (compiler: ExpressionCompiler) => T): T {
    const compiler = new FunctionCompiler(this.module, '');
    const result = use(compiler);
    this.effects += compiler.effects;
    return result;
  }

  function(name: string, at: Token): Compiled {
    return this.module.once(this.module.functions, name, at, () => compileFunction(this.module, name));
  }

  compile(syntax: FunctionSyntax, entry: boolean): Compiled {
    visitExpressions(syntax.body, (expression) => {
      if (expression.kind === 'unary' && expression.operator === '&')
        this.addressed.add(rootName(expression.operand)?.name ?? '');
    });
    const names: string[] = [];
    const parameters = syntax.parameters.map(({ name, type, builtin, at }) => {
      const own = this.type(type);
      if (entry) this.input(name, own, builtin, at);
      else names.push(...this.parameter(name, own, at));
      return { name, type: own };
    });
    if (syntax.result) this.result = this.type(syntax.result);
    this.block(syntax.body);
    if (this.result)
      this.emit(`S.fail('code', ${this.site(syntax.at)}, '"${syntax.name}" ends without a return');`);
    const { meets } = this;
    const jsName = `${syntax.name}$f`;
    const body = this.lines.join('\n');
    const views = ['F', 'I', 'U'].filter(
      (view) => body.includes(`L$${view}[`) || body.includes(`L$${view}.`),
    );
    const text = [
      `function${meets || this.module.stops ? '*' : ''} ${jsName}(${['L', ...names].join(', ')}) {`,
      ...views.map((view) => `const L$${view} = L.${view};`),
      body,
      '}',
    ].join('\n');
    return { jsName, text, parameters, result: this.result, meets, calls: this.calls };
  }

  /** A parameter of `main`: builtin values of the invocation. */
  private input(name: string, type: Type, builtin: string | undefined, at: Token): void {
    const texts = (own: string | undefined, where: Token) =>
      BUILTIN_INPUTS[own ?? ''] ??
      this.fail(where, `"${own ?? name}" is not a builtin value of a compute shader here`);
    if (type.kind === 'struct') {
      const { tokens, body } = this.module.declarations.get(type.name)!;
      const fields = parseParameters(tokens, body + 1, tokens.length - 1);
      const parts = fields.flatMap((field) => texts(field.builtin, at).map((part) => this.temp(part)));
      return this.declare(at, name, { kind: 'value', value: { type, parts } });
    }
    const parts = texts(builtin, at).map((part) => this.temp(part));
    if (parts.length !== leaves(type).length)
      this.fail(at, `@builtin(${builtin}) is a ${parts.length > 1 ? typeName(vector(3, U32)) : 'u32'}`);
    this.declare(at, name, { kind: 'value', value: { type, parts } });
  }

  private parameter(name: string, type: Type, at: Token): string[] {
    const names = this.partNames(name, type);
    if (type.kind === 'pointer') {
      const memory = type.space === 'workgroup' ? 'W' : 'L';
      const place: Place = { kind: 'memory', memory, type: type.of, term: names[0], base: 0, writable: true };
      this.declare(at, name, { kind: 'pointer', place, space: type.space });
    } else if (isFlat(type)) this.declare(at, name, { kind: 'value', value: { type, parts: names } });
    else this.declare(at, name, { kind: 'value', value: this.inMemory(type, { type, parts: names }, at) });
    return names;
  }
}

/** A const_assert at module scope. */
export function requireAssertion(module: Module, { tokens, keyword }: Declaration): void {
  const condition = parseExpression(tokens, keyword + 1, tokens.length - 1);
  new FunctionCompiler(module, '').assert(tokens[keyword], condition);
}

/** Compiles a function of the file by its name. */
export function compileFunction(module: Module, name: string): Compiled {
  const declaration = module.declarations.get(name)!;
  return new FunctionCompiler(module, name).compile(parseFunction(declaration), name === 'main');
}
