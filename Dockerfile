FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /cpa-gateway ./cmd/cpa-gateway \
 && install -d -o 65532 -g 65532 -m 0700 /data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /cpa-gateway /cpa-gateway
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
VOLUME /data
EXPOSE 8080
# Liveness, not readiness: a restart does not bring an issuer back. A configuration elsewhere needs its path here too.
HEALTHCHECK --interval=15s --timeout=6s --start-period=10s CMD ["/cpa-gateway", "healthcheck", "--config", "/etc/cpa-gateway/gateway.yaml"]
ENTRYPOINT ["/cpa-gateway"]
CMD ["serve", "--config", "/etc/cpa-gateway/gateway.yaml"]
