/** The browser's files: hashed, split by page, and compressed once here, so that no answer is compressed when it is asked for. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { compressed } from './build/compressed.ts';

/** Where `vite` (the development server) finds the control plane. */
const control = process.env.TIDEGATE_URL ?? 'http://127.0.0.1:7300';

/** The entry's parts, what stands around every page, and Home. */
const FIRST = /[\\/]src[\\/](app[\\/](router|Themed|Shell)|pages[\\/]home[\\/]HomePage)\.tsx?$/;

export default defineConfig({
  plugins: [compressed()],
  resolve: { alias: [{ find: /^zod$/, replacement: fileURLToPath(new URL('./src/zod.ts', import.meta.url)) }] },
  build: {
    target: 'es2023',
    // The content security policy lets no `data:` script run, and a font or picture is cheaper as a file that is kept.
    assetsInlineLimit: 0,
    // Which page takes which files: test/budget.test.ts weighs them.
    manifest: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      // What a first visit shows is one file: by themselves its parts would be sixty, and each costs a look up and down.
      output: { codeSplitting: { groups: [{ name: 'first', test: FIRST, includeDependenciesRecursively: true }] } },
      // Mantine marks its files for servers that render; there is none here, and the mark is in each of hundreds of files.
      checks: { moduleLevelDirective: false },
    },
  },
  server: { proxy: { '/v1': { target: control }, '/readyz': { target: control } } },
});
