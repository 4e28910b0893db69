#     docker build --tag vencejo .
#     docker run --rm --publish 8080:8080 --volume "$PWD/Examples/house-price:/example:ro" \
#         vencejo serve house-price=/example/house-price.pkl --host 0.0.0.0
#
# The image holds the program, the C libraries it is linked with, and nothing else: no shell, no package manager, no root.

FROM swift:6.3-bookworm AS build
RUN apt-get update -qq \
    && apt-get install -qq -y --no-install-recommends ca-certificates libcurl4 pkg-config libbz2-dev liblz4-dev liblzma-dev libnghttp2-dev libyaml-dev zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source

# The packages we depend on change rarely: fetched here, they stay in the layer cache.
COPY Package.swift ./
RUN swift package resolve

COPY . .
RUN swift build --configuration release --static-swift-stdlib -Xswiftc -use-ld=lld --product vencejo

# The root directory of the image: scripts/image-root lays it out, and a test without Docker can do the same.
RUN scripts/image-root .build/release/vencejo /image && mv /image/models /models

FROM scratch
COPY --from=build --chown=0:0 /image /
# The one folder that belongs to the user who runs it.
COPY --from=build --chown=65532:65532 /models /models
USER 65532:65532
# Uploaded models: mount a volume here to keep them.
VOLUME /models
EXPOSE 8080
# SIGTERM drains, and PID 1 is the program itself.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=2s --start-period=5s --retries=3 CMD ["/vencejo", "probe"]
ENTRYPOINT ["/vencejo"]
# VENCEJO_ADMIN_TOKEN allows uploads; PORT chooses another port than 8080.
CMD ["serve", "--host", "0.0.0.0", "--store", "/models"]
