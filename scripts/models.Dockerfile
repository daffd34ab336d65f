# A language pack, built by scripts/models: nothing but models, in the folder that KServe's OCI storage mounts. The stage
# `folder` takes the build context's files, the stage `debian` takes Debian's packages.
ARG BASE_IMAGE=scratch
ARG PACKAGES_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS folder
ARG LANGUAGES
ARG FLAVOUR
COPY . /models
LABEL org.opencontainers.image.title="Tesseract models" \
      org.opencontainers.image.description="${LANGUAGES}, ${FLAVOUR}" \
      org.opencontainers.image.licenses="Apache-2.0"

FROM ${PACKAGES_IMAGE} AS packages
ARG LANGUAGES
WORKDIR /packages
RUN apt-get update -q \
    && for language in $LANGUAGES; do \
         apt-get download -q -o APT::Sandbox::User=root "tesseract-ocr-$(echo "$language" | tr _/ --)" || exit 1; \
       done \
    && for package in *.deb; do dpkg --extract "$package" /unpacked; done

FROM ${BASE_IMAGE} AS debian
ARG LANGUAGES
ARG FLAVOUR
COPY --from=packages /unpacked/usr/share/tesseract-ocr/5/tessdata /models
LABEL org.opencontainers.image.title="Tesseract models" \
      org.opencontainers.image.description="${LANGUAGES}, ${FLAVOUR}" \
      org.opencontainers.image.licenses="Apache-2.0"
