#pragma once

// What predictor/acceleration/install.py calls; everything else is hidden.
#define EXPORTED extern "C" __attribute__((visibility("default")))
