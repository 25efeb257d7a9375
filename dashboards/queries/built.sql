-- One row is the build.
SELECT built_at FROM build
