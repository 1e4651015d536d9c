"""Contracts of every kind and version: each loads, and is valid OpenAPI 3.1 then."""

# ruff: noqa: E501 - a table of contracts reads better in lines

HEADS = {
    "3.1": "openapi: 3.1.0\ninfo: {title: Shop, version: '1'}\n",
    "3.0": "openapi: 3.0.3\ninfo: {title: Shop, version: '1'}\n",
    "2.0": "swagger: '2.0'\ninfo: {title: Shop, version: '1'}\n",
}
_OK = "responses: {200: {description: ok}}"

SMALL = {
    # name: (version, text)
    "no paths but components": ("3.1", "components: {schemas: {A: {type: object}}}"),
    "webhooks only": ("3.1", "webhooks: {new: {post: {responses: {200: {description: ok}}}}}"),
    "no operations": ("3.0", "paths: {/a: {}}"),
    "every method": ("3.1", "paths:\n  /a:\n" + "".join(f"    {m}: {{{_OK}}}\n" for m in ["get", "put", "post", "delete", "options", "head", "patch", "trace"])),
    "204 only": ("3.0", "paths: {/a: {delete: {responses: {204: {description: none}}}}}"),
    "ranges and default": ("3.1", "paths: {/a: {get: {responses: {2XX: {description: ok}, default: {description: bad}}}}}"),
    "path-level parameters": ("3.1", f"paths: {{'/a/{{id}}': {{parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}], get: {{{_OK}}}}}}}"),
    "header and cookie parameters": ("3.0", f"paths: {{/a: {{get: {{parameters: [{{name: X-A, in: header, schema: {{}}}}, {{name: c, in: cookie, schema: {{type: integer}}}}], {_OK}}}}}}}"),
    "a parameter with content": ("3.0", f"paths: {{/a: {{get: {{parameters: [{{name: f, in: query, content: {{application/json: {{schema: {{type: object}}}}}}}}], {_OK}}}}}}}"),
    "shared parameters": ("3.0", f"paths: {{/a: {{get: {{parameters: [{{$ref: '#/components/parameters/P'}}], {_OK}}}}}}}\ncomponents: {{parameters: {{P: {{name: p, in: query, schema: {{type: string}}}}}}}}"),
    "shared bodies, responses, headers": ("3.1", "paths: {/a: {post: {requestBody: {$ref: '#/components/requestBodies/B'}, responses: {200: {$ref: '#/components/responses/R'}}}}}\ncomponents:\n  requestBodies: {B: {content: {text/plain: {schema: {type: string}}}}}\n  responses: {R: {description: ok, headers: {X-A: {$ref: '#/components/headers/H'}}}}\n  headers: {H: {schema: {type: integer}}}"),
    "array of arrays": ("3.0", "paths: {}\ncomponents: {schemas: {A: {type: array, items: {type: array, items: {type: number}}}}}"),
    "recursive": ("3.1", "paths: {}\ncomponents: {schemas: {A: {type: object, properties: {next: {$ref: '#/components/schemas/A'}}}}}"),
    "mutually recursive": ("3.0", "paths: {}\ncomponents: {schemas: {A: {properties: {b: {$ref: '#/components/schemas/B'}}}, B: {properties: {a: {$ref: '#/components/schemas/A'}}}}}"),
    "free-form": ("3.0", "paths: {}\ncomponents: {schemas: {A: {type: object, additionalProperties: true}, B: {type: object, additionalProperties: {type: integer}}, C: {}}}"),
    "boolean schemas": ("3.1", "paths: {}\ncomponents: {schemas: {A: true, B: {properties: {no: false}}}}"),
    "composed": ("3.0", "paths: {}\ncomponents: {schemas: {A: {oneOf: [{type: string}, {type: object, nullable: true}], discriminator: {propertyName: k}}, B: {not: {type: string}}, C: {anyOf: [{}]}}}"),
    "every format": ("3.1", "paths: {}\ncomponents: {schemas: {A: {properties: {" + ", ".join(f"{f}: {{type: string, format: {f}}}" for f in ["date", "date-time", "time", "duration", "email", "uuid", "uri", "hostname", "ipv4", "ipv6", "byte", "binary", "password", "decimal", "regex"]) + "}}}}"),
    "keywords as names": ("3.0", f"paths: {{/a: {{get: {{parameters: [{{name: class, in: query, schema: {{}}}}, {{name: page-size, in: query, schema: {{}}}}], {_OK}}}}}}}\ncomponents: {{schemas: {{class: {{properties: {{from: {{type: string}}, $ref: {{type: string}}}}}}}}}}"),
    "html and files": ("3.0", "paths: {/a: {get: {responses: {200: {description: p, content: {text/html: {schema: {type: string}}, application/pdf: {schema: {type: string, format: binary}}}}}}}}"),
    "callbacks and links": ("3.0", "paths: {/a: {post: {operationId: a, responses: {201: {description: ok, links: {next: {operationId: a}}}}, callbacks: {done: {'{$request.body#/url}': {post: {responses: {200: {description: ok}}}}}}}}}"),
    "servers with variables": ("3.0", "servers: [{url: 'https://{h}/v1', variables: {h: {default: a.example, enum: [a.example]}}}]\npaths: {}"),
    "all security schemes": ("3.1", "paths: {}\ncomponents: {securitySchemes: {a: {type: http, scheme: bearer}, b: {type: http, scheme: basic}, c: {type: apiKey, in: cookie, name: s}, d: {type: openIdConnect, openIdConnectUrl: 'https://a.example'}, e: {type: mutualTLS}, f: {type: oauth2, flows: {clientCredentials: {tokenUrl: 'https://a.example', scopes: {}}}}}}"),
    "2020-12 keywords": ("3.1", "paths: {}\ncomponents: {schemas: {A: {if: {type: string}, then: {minLength: 1}, else: true, prefixItems: [{}], unevaluatedProperties: false, dependentRequired: {a: [b]}, $comment: x, const: null, $defs: {x: {}}}}}"),
    "x-nullable and x-mandatory": ("3.1", "paths: {}\ncomponents: {schemas: {A: {type: object, properties: {a: {type: string, x-nullable: true, x-mandatory: true}}}}}"),
    "swagger: nothing": ("2.0", "paths: {}"),
    "swagger: host and base path": ("2.0", "host: a.example\nbasePath: /v1\nschemes: [https]\npaths: {}"),
    "swagger: a form": ("2.0", f"paths: {{/a: {{post: {{parameters: [{{name: a, in: formData, type: string}}, {{name: n, in: formData, type: integer, required: true}}], {_OK}}}}}}}"),
    "swagger: a file": ("2.0", f"paths: {{/a: {{post: {{consumes: [multipart/form-data], parameters: [{{name: f, in: formData, type: file}}], {_OK}}}}}}}"),
    "swagger: every security": ("2.0", "paths: {}\nsecurityDefinitions: {a: {type: basic}, b: {type: apiKey, in: query, name: k}, c: {type: oauth2, flow: implicit, authorizationUrl: 'https://a.example', scopes: {}}, d: {type: oauth2, flow: password, tokenUrl: 'https://a.example', scopes: {}}, e: {type: oauth2, flow: application, tokenUrl: 'https://a.example', scopes: {x: y}}, f: {type: oauth2, flow: accessCode, authorizationUrl: 'https://a.example', tokenUrl: 'https://a.example', scopes: {}}}"),
    "swagger: odd names": ("2.0", "paths: {/a: {get: {responses: {200: {description: ok, schema: {$ref: '#/definitions/Page«Book»'}}}}}}\ndefinitions: {'Page«Book»': {type: object}, 'a/b c': {properties: {x: {$ref: '#/definitions/Page%C2%ABBook%C2%BB'}, y: {$ref: '#/definitions/a~1b c'}}}}"),
    "swagger: a family": ("2.0", "paths: {}\ndefinitions: {Pet: {type: object, discriminator: kind, required: [kind], properties: {kind: {type: string}}}, Cat: {allOf: [{$ref: '#/definitions/Pet'}, {type: object, properties: {lives: {type: integer, format: int32}}}]}}"),
    "swagger: PyMacaron's types": ("2.0", "paths: {}\ndefinitions: {A: {type: object, properties: {a: {type: datetime}, b: {type: date}, c: {type: string, format: iso-date}, d: {type: string, format: datetime}, e: {type: int64}, f: {type: number, format: double}, g: {type: array, items: {type: date-time}}}}}"),
}  # fmt: skip
"""Small ones, one thing each."""

PETSTORE_2 = """
swagger: "2.0"
info:
  title: Pet store
  description: Animals, orders for them, and users.
  version: 1.0.5
  contact: {email: api@pets.example}
  license: {name: Apache 2.0, url: "http://www.apache.org/licenses/LICENSE-2.0.html"}
host: pets.example
basePath: /v2
tags: [{name: pet, description: All about pets, externalDocs: {url: "http://pets.example"}}]
schemes: [https, http]
paths:
  /pet/{petId}/uploadImage:
    post:
      tags: [pet]
      operationId: uploadFile
      consumes: [multipart/form-data]
      produces: [application/json]
      parameters:
        - {name: petId, in: path, required: true, type: integer, format: int64}
        - {name: additionalMetadata, in: formData, type: string}
        - {name: file, in: formData, type: file}
      responses:
        "200": {description: done, schema: {$ref: "#/definitions/ApiResponse"}}
      security: [{petstore_auth: ["write:pets", "read:pets"]}]
  /pet:
    post:
      consumes: [application/json, application/xml]
      produces: [application/json, application/xml]
      parameters:
        - {in: body, name: body, required: true, schema: {$ref: "#/definitions/Pet"}}
      responses:
        "405": {description: Invalid input}
  /pet/findByStatus:
    get:
      produces: [application/json, application/xml]
      parameters:
        - name: status
          in: query
          required: true
          type: array
          items: {type: string, enum: [available, pending, sold], default: available}
          collectionFormat: multi
      responses:
        "200":
          description: found
          schema: {type: array, items: {$ref: "#/definitions/Pet"}}
          headers:
            X-Rate-Limit: {type: integer, format: int32, description: calls an hour}
  /user/createWithArray:
    post:
      parameters:
        - {in: body, name: body, required: true, schema: {type: array, items: {$ref: "#/definitions/User"}}}
      responses:
        default: {description: done}
securityDefinitions:
  api_key: {type: apiKey, name: api_key, in: header}
  petstore_auth:
    type: oauth2
    authorizationUrl: https://pets.example/oauth/authorize
    flow: implicit
    scopes: {"read:pets": read, "write:pets": write}
definitions:
  ApiResponse: {type: object, properties: {code: {type: integer, format: int32}, message: {type: string}}}
  Category: {type: object, properties: {id: {type: integer, format: int64}}, xml: {name: Category}}
  Pet:
    type: object
    required: [name, photoUrls]
    properties:
      id: {type: integer, format: int64, readOnly: true}
      category: {$ref: "#/definitions/Category"}
      name: {type: string, example: doggie}
      photoUrls: {type: array, xml: {wrapped: true}, items: {type: string, xml: {name: photoUrl}}}
      status: {type: string, enum: [available, pending, sold]}
  User: {type: object, properties: {username: {type: string}}}
"""

PETSTORE_3 = """
openapi: 3.0.3
info: {title: Pet store, version: 1.0.11}
servers: [{url: /api/v3}]
paths:
  /pet:
    put:
      operationId: updatePet
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: "#/components/schemas/Pet"}}
          application/x-www-form-urlencoded: {schema: {$ref: "#/components/schemas/Pet"}}
      responses:
        "200":
          description: ok
          content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}
      security: [{petstore_auth: ["write:pets"]}, {api_key: []}]
  /pet/findByTags:
    get:
      parameters:
        - {name: tags, in: query, explode: true, schema: {type: array, items: {type: string}}}
      responses:
        "200":
          description: ok
          content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Pet"}}}}
  /pet/{petId}/uploadImage:
    post:
      parameters: [{name: petId, in: path, required: true, schema: {type: integer, format: int64}}]
      requestBody: {content: {application/octet-stream: {schema: {type: string, format: binary}}}}
      responses: {"200": {description: ok}}
components:
  schemas:
    Pet:
      required: [name]
      type: object
      properties:
        id: {type: integer, format: int64, example: 10}
        name: {type: string, example: doggie}
        owner: {nullable: true, allOf: [{$ref: "#/components/schemas/Owner"}]}
        born: {type: string, format: date, nullable: true}
        weight: {type: number, minimum: 0, exclusiveMinimum: true}
    Owner: {type: object, properties: {pets: {type: array, items: {$ref: "#/components/schemas/Pet"}}}}
  securitySchemes:
    petstore_auth:
      type: oauth2
      flows: {implicit: {authorizationUrl: "https://pets.example/auth", scopes: {"write:pets": write}}}
    api_key: {type: apiKey, name: api_key, in: header}
"""

CODE_HOST = """
openapi: 3.0.3
info: {title: A code host's REST API, version: 1.1.4}
servers: [{url: "https://api.code.example"}]
paths:
  /repos/{owner}/{repo}/contents/{path}:
    parameters:
      - $ref: "#/components/parameters/owner"
      - $ref: "#/components/parameters/repo"
      - {name: path, in: path, required: true, schema: {type: string}, x-multi-segment: true}
    get:
      operationId: repos/get-content
      parameters: [{name: ref, in: query, required: false, schema: {type: string}}]
      responses:
        "200":
          description: Response
          content:
            application/vnd.code.object: {schema: {$ref: "#/components/schemas/content-tree"}}
            application/json:
              schema:
                oneOf:
                  - $ref: "#/components/schemas/content-directory"
                  - $ref: "#/components/schemas/content-file"
              examples: {file: {$ref: "#/components/examples/content-file"}}
        "302": {description: Found}
        "404": {$ref: "#/components/responses/not_found"}
components:
  parameters:
    owner: {name: owner, in: path, required: true, schema: {type: string}}
    repo: {name: repo, in: path, required: true, schema: {type: string}}
  responses:
    not_found: {description: no, content: {application/json: {schema: {$ref: "#/components/schemas/basic-error"}}}}
  examples:
    content-file: {value: {type: file, $ref: "not a reference", size: 5}}
  schemas:
    basic-error: {type: object, properties: {message: {type: string}, url: {type: string}}}
    nullable-simple-user:
      title: Simple User
      type: object
      nullable: true
      properties: {login: {type: string}, gravatar_id: {type: string, nullable: true}}
      required: [login]
    content-file:
      allOf:
        - type: object
          required: [type, size]
          properties:
            type: {type: string, enum: [file]}
            size: {type: integer}
            author: {$ref: "#/components/schemas/nullable-simple-user"}
        - {type: object, properties: {content: {type: string, format: byte}}}
    content-directory: {type: array, items: {$ref: "#/components/schemas/content-file"}}
    content-tree:
      type: object
      properties:
        entries: {type: array, items: {anyOf: [{$ref: "#/components/schemas/content-file"}, {$ref: "#/components/schemas/content-tree"}]}}
        merged: {oneOf: [{type: string}, {type: integer}], nullable: true}
"""

RIDES = """
swagger: "2.0"
info: {title: Rides, description: Move your app forward, version: 1.0.0}
host: api.rides.example
schemes: [https]
basePath: /v1
produces: [application/json]
paths:
  /products:
    get:
      summary: Product types
      parameters:
        - {name: latitude, in: query, required: true, type: number, format: double}
        - {name: longitude, in: query, required: true, type: number, format: double}
      tags: [Products]
      responses:
        200: {description: An array, schema: {type: array, items: {$ref: "#/definitions/Product"}}}
        default: {description: Unexpected error, schema: {$ref: "#/definitions/Error"}}
  /history:
    get:
      parameters:
        - {name: offset, in: query, type: integer, format: int32}
        - {name: limit, in: query, type: integer, format: int32, default: 5, maximum: 100}
      responses:
        200: {description: History, schema: {$ref: "#/definitions/Activities"}}
definitions:
  Product: {type: object, properties: {product_id: {type: string}, capacity: {type: string}}}
  Activity: {properties: {uuid: {type: string}}}
  Activities:
    properties:
      offset: {type: integer, format: int32}
      history: {type: array, items: {$ref: "#/definitions/Activity"}}
  Error: {properties: {code: {type: integer, format: int32}, fields: {type: string}}}
"""

HELLO = """
swagger: '2.0'
info: {version: 0.0.1, title: Hello, description: A service as PyMacaron's users wrote it}
host: some.server.example
schemes: [http]
produces: [application/json]
definitions:
  Hello:
    type: object
    x-parent: services.hello.Greeting
    properties:
      message: {type: string, description: Welcome, x-nullable: true}
      at: {type: string, format: datetime}
  Credentials:
    type: object
    x-persist: services.hello.Stored
    properties:
      user: {type: string, x-mandatory: true}
      age: {type: integer, format: int32}
  Error: {type: object, properties: {error: {type: string}, status: {type: integer}}}
paths:
  /v1/hello/{name}:
    get:
      summary: Hello
      x-bind-server: services.hello.get_hello
      x-bind-client: hello
      x-decorate-server: libs.auth.requires_auth
      parameters:
        - {in: path, name: name, type: string, required: true}
        - {in: query, name: since, type: string, format: date-time}
      responses:
        200: {description: A hello, schema: {$ref: '#/definitions/Hello'}}
        default: {description: An error, schema: {$ref: '#/definitions/Error'}}
  /v1/page:
    get:
      produces: [text/html]
      x-no-bind-server: true
      responses: {200: {description: A page}}
"""

REAL = {
    "petstore 2": PETSTORE_2,
    "petstore 3": PETSTORE_3,
    "code host": CODE_HOST,
    "rides": RIDES,
    "hello": HELLO,
}
"""In the style of well-known public ones."""

ALL = {name: HEADS[version] + text for name, (version, text) in SMALL.items()} | REAL
