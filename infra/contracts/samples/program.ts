// Uses the clients as another program would. `tsc --strict` has to take it as it is: what follows a
// `@ts-expect-error` must be refused, or the line itself is an error.
import createClient from "openapi-fetch";
import type { components as Profiles, paths as ProfilePaths } from "clients/profiles";
import type { paths as TodoPaths } from "clients/todos";

const profiles = createClient<ProfilePaths>({ baseUrl: "http://localhost:8002" });
const todos = createClient<TodoPaths>({ baseUrl: "http://localhost:8003" });

export async function rightUse(): Promise<string> {
  const { data, error } = await profiles.GET("/profiles/{profile_id}", {
    params: { path: { profile_id: "me" } },
  });
  if (error) throw new Error(error.title);
  const profile: Profiles["schemas"]["Profile"] = data;
  await profiles.PATCH("/profiles/{profile_id}", {
    params: { path: { profile_id: profile.profile_id } },
    body: { name: "Ada" },
  });
  const page = await todos.GET("/todos", { params: { query: { limit: 10, sort_by: ["-due_at"] } } });
  return page.data?.items[0]?.title ?? profile.name;
}

export async function wrongUse(): Promise<void> {
  // @ts-expect-error there is no such path
  await profiles.GET("/profile");
  // @ts-expect-error the id is missing
  await profiles.GET("/profiles/{profile_id}", { params: {} });
  await profiles.PATCH("/profiles/{profile_id}", {
    params: { path: { profile_id: "me" } },
    // @ts-expect-error a name is a text
    body: { name: 1 },
  });
  // @ts-expect-error a limit is a number
  await todos.GET("/todos", { params: { query: { limit: "10" } } });
  // @ts-expect-error nothing can be deleted there
  await todos.DELETE("/todos", {});
}
