-- A pool has no Ready of its own before its cluster has seen it.
local health = { status = "Progressing", message = "the operator has not seen it yet" }
local status = obj.status or {}
if status.observedGeneration ~= obj.metadata.generation then
  return health
end
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "NotReady" and condition.status == "True" then
    return { status = "Degraded", message = condition.message }
  end
end
return { status = "Healthy", message = "" }
