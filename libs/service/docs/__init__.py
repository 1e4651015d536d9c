"""The page at ``/docs``: Swagger UI, its files served by us, one menu for all services, and a log-in.

menu       APP_DOCS_SERVICES: the services of the menu
assets     the files of the page, under names that change with their content
page       the page, and the headers that keep everything foreign out of it
documents  the OpenAPI document as JSON and as YAML, with ETags
"""
