// The package's `main` is CommonJS in a package that says it is a module, so Node cannot load it; this file it can.
declare module 'wgsl_reflect/wgsl_reflect.module.js' {
  export * from 'wgsl_reflect';
}
