-- Health of an InferenceService, keyed on its Ready condition.
--
-- Argo CD's own script also demands modelStatus UpToDate and every condition True. A predictor asleep at zero pods is
-- Loaded/Pending/InProgress for as long as it sleeps, while Ready stays True: it is healthy, and wakes with a request.
-- status.observedGeneration is no help: it is the Knative Service's, not the InferenceService's.

local function condition(kind)
  for _, found in ipairs(obj.status and obj.status.conditions or {}) do
    if found.type == kind then
      return found
    end
  end
  return {}
end

local function health(status, message)
  return { status = status, message = message }
end

local ready = condition("Ready")
local why = ready.message or ready.reason or ""

if condition("Stopped").status == "True" then
  return health("Suspended", "Stopped by its annotation serving.kserve.io/stop")
end
if ready.status == "True" then
  return health("Healthy", "Ready")
end
if ready.status == "False" then
  return health("Degraded", "Not ready: " .. why)
end

-- Ready is Unknown, or not there yet: on its way, unless KServe has seen the predictor's container fail.
local model = obj.status and obj.status.modelStatus or {}
if model.transitionStatus == "BlockedByFailedLoad" or model.transitionStatus == "InvalidSpec" then
  local failure = model.lastFailureInfo or {}
  return health("Degraded", "The predictor fails: " .. (failure.message or failure.reason or model.transitionStatus))
end
return health("Progressing", why ~= "" and why or "Waiting for the first status")
