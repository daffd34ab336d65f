#pragma once

// What predictor/engines/acceleration.py calls; everything else is hidden.
#define EXPORTED extern "C" __attribute__((visibility("default")))
