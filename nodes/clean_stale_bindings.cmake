# Throws away r2r's generated bindings when the installed messages differ from
# those they were generated from.
file(GLOB_RECURSE files ${MESSAGES}/*.msg ${MESSAGES}/*.srv ${MESSAGES}/*.action)
set(content)
foreach(file ${files})
  file(SHA256 ${file} hash)
  string(APPEND content "${file} ${hash}\n")
endforeach()
string(SHA256 now "${content}")

set(before none)
if(EXISTS ${STAMP})
  file(READ ${STAMP} before)
endif()
if(NOT before STREQUAL now)
  execute_process(
    COMMAND ${CARGO} clean --quiet --profile colcon --target-dir ${TARGET_DIR}
      --package r2r --package r2r_msg_gen
    WORKING_DIRECTORY ${WORKSPACE} COMMAND_ERROR_IS_FATAL ANY)
  file(WRITE ${STAMP} ${now})
endif()
