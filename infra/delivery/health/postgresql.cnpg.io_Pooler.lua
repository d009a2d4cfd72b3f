local status = obj.status or {}
local wanted = (obj.spec or {}).instances or 1
if status.instances == nil then
  return { status = "Progressing", message = "no pooler yet" }
end
if status.instances == 0 and wanted > 0 then
  return { status = "Degraded", message = "no pooler runs" }
end
if status.instances < wanted then
  return { status = "Progressing", message = status.instances .. " of " .. wanted .. " poolers run" }
end
return { status = "Healthy", message = "" }
