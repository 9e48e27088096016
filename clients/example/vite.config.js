import { defineConfig } from "vite";

export default defineConfig({
  // Addresses of the parts are relative, so that the pages may stand in any folder.
  base: "./",
  logLevel: "error",
  build: {
    target: "es2022",
    // No script stands in a page, and none is put into one: the policy forbids both.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: { input: ["index.html", "adviser.html", "figures.html"] },
  },
});
