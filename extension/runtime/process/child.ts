/** The entry of the runtime process. Its one argument is the memory bound in bytes. */
import { handlers } from "./handlers";
import { serve } from "./serve";

serve(handlers, Number(process.argv[2]));
