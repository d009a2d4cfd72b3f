-- Databases and roles: applied for this generation, or why not.
local status = obj.status or {}
if status.observedGeneration ~= nil and status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "the operator has not seen this change yet" }
end
if status.applied == true then
  return { status = "Healthy", message = "" }
end
if status.applied == false then
  return { status = "Degraded", message = status.message or "not applied" }
end
return { status = "Progressing", message = "not applied yet" }
