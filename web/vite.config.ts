import { defineConfig } from 'vite';

/** The console is built beside the service's own code, which serves it (src/modules/console). */
export default defineConfig({
  root: import.meta.dirname,
  // The service puts its nonce where this stands.
  html: { cspNonce: 'CSP_NONCE' },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2023',
    // Inlined files would need data: addresses for scripts and fonts.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2_000,
    rolldownOptions: {
      // How long it took is a matter of the machine, and no news.
      checks: { bundlerTimings: false },
      // Mantine's "use client" is for servers that draw pages; here there is none.
      onwarn: (warning, warn) => {
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
  },
});
