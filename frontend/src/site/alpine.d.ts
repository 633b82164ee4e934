declare module "@alpinejs/csp" {
  interface AlpineStatic {
    data(name: string, component: () => object): void;
    start(): void;
    initTree(root: Element): void;
  }
  const Alpine: AlpineStatic;
  export default Alpine;
}
