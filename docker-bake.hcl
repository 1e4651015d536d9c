// All images for both platforms, where buildx is there:
//   VERSION=1.4.0 COMMIT=$(git rev-parse HEAD) docker buildx bake --push
// What `make image` builds one by one, of the same Dockerfiles and with the same arguments.

variable "REGISTRY" {
  description = "What stands before the names: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/"
  default     = ""
}

variable "VERSION" { default = "dev" }

variable "COMMIT" { default = "dev" }

variable "CREATED" { default = "1980-01-01T00:00:00Z" }

variable "SOURCE" { default = "" }

group "default" {
  targets = ["service", "proxy"]
}

target "_common" {
  context   = "."
  platforms = ["linux/amd64", "linux/arm64"]
  args = {
    VERSION = VERSION
    COMMIT  = COMMIT
    CREATED = CREATED
    SOURCE  = SOURCE
  }
}

target "service" {
  inherits   = ["_common"]
  name       = item
  dockerfile = "Dockerfile"
  matrix = {
    item = ["auth", "profiles", "todos"]
  }
  args = {
    SERVICE = item
  }
  tags = ["${REGISTRY}polymacaron/${item}:${COMMIT}"]
}

target "proxy" {
  inherits   = ["_common"]
  dockerfile = "infra/proxy/Dockerfile"
  tags       = ["${REGISTRY}polymacaron/proxy:${COMMIT}"]
}
