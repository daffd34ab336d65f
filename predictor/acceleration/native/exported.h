#pragma once

// The functions that predictor/acceleration/install.py calls or installs; everything else is hidden.
#define EXPORTED extern "C" __attribute__((visibility("default")))
